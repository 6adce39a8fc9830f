"""What web interfaces ask when somebody signs in. Beside passwords there is at most an OpenID Connect provider."""

import uuid
from typing import Any

from django.conf import settings

from apps.accounts.models import Domain
from cloudstack.api import (
    BOOL,
    DATE,
    EVERYONE,
    INT,
    STRING,
    BaseCmd,
    BaseListCmd,
    Field,
    Flag,
    Int,
    Ref,
    Response,
    Str,
)
from cloudstack.api.listing import Page

KIND = "oidc"


class IdpResponse(Response):
    object_name = "idp"

    id = Field(type=STRING, help="identifier of the identity provider")
    orgName = Field(type=STRING, help="name of its organisation")
    orgUrl = Field(type=STRING, help="address of its organisation")


class ListIdps(BaseCmd):
    """Lists the SAML identity providers by which users can log in: there are none."""

    anonymous = True
    before_second_factor = "always"
    response = IdpResponse
    list_shaped = True

    def execute(self) -> Page:
        return Page([], 0)


class OauthProviderResponse(Response):
    object_name = "oauthprovider"

    id = Field(type=STRING, help="UUID of the provider")
    provider = Field(type=STRING, help="kind of the provider")
    name = Field(type=STRING, help="name of the provider")
    description = Field(type=STRING, help="what it is")
    clientid = Field(type=STRING, help="our identifier at the provider")
    redirecturi = Field(type=STRING, help="where the provider sends users back to")
    enabled = Field(type=BOOL, help="whether users can log in by it")


class ListOauthProvider(BaseListCmd):
    """Lists the OAuth providers by which users sign in on the pages of the portal: the configured one, if any."""

    anonymous = True
    before_second_factor = "always"
    response = OauthProviderResponse
    ids_filter = None  # type: ignore[assignment]  # takes the inherited parameter away

    provider = Str("provider", help="providers of this kind")

    def queryset(self) -> list[dict[str, Any]]:
        one = settings.OIDC
        if one is None or self.provider not in (None, "", KIND):
            return []
        return [
            {
                "id": str(uuid.uuid5(uuid.NAMESPACE_URL, one.issuer)),
                "provider": KIND,
                "name": one.name,
                "description": f"OpenID Connect provider {one.issuer}",
                "clientid": one.client_id,
                "enabled": True,
            }
        ]


class LdapConfigurationResponse(Response):
    object_name = "LdapConfiguration"

    id = Field(type=STRING, help="UUID of the configuration")
    hostname = Field(type=STRING, help="name of the LDAP server")
    port = Field(type=INT, help="port of the LDAP server")
    domainid = Field(type=STRING, help="UUID of the domain that it is for")


class ListLdapConfigurations(BaseListCmd):
    """Lists the LDAP servers from which users come: there are none."""

    roles = EVERYONE
    response = LdapConfigurationResponse
    ids_filter = None  # type: ignore[assignment]  # takes the inherited parameter away

    hostname = Str("hostname", help="servers of this name")
    port = Int("port", help="servers at this port")
    domain = Ref("domainid", Domain, help="servers of this domain")
    list_all = Flag("listall", default=False, help="also those of the whole cloud, with domainid")

    def queryset(self) -> list[dict[str, Any]]:
        return []


class GuiThemeResponse(Response):
    object_name = "guiThemes"

    id = Field(type=STRING, help="UUID of the theme")
    name = Field(type=STRING, help="name of the theme")
    description = Field(type=STRING, help="what it is for")
    css = Field(type=STRING, help="its style sheet")
    jsonconfiguration = Field(type=STRING, help="its settings")
    commonnames = Field(type=STRING, help="host names for which it counts")
    domainids = Field(type=STRING, help="domains for which it counts")
    recursivedomains = Field(type=BOOL, help="whether it counts for the domains below them too")
    accountids = Field(type=STRING, help="accounts for which it counts")
    ispublic = Field(type=BOOL, help="whether it counts for everybody")
    created = Field(type=DATE, help="when it was made")
    removed = Field(type=DATE, help="when it was removed")


class ListGuiThemes(BaseListCmd):
    """Lists the themes of web interfaces: there are none, and interfaces show their own."""

    anonymous = True
    before_second_factor = "always"
    response = GuiThemeResponse
    ids_filter = None  # type: ignore[assignment]  # takes the inherited parameter away

    theme_name = Str("name", help="themes of this name")
    common_name = Str("commonname", help="themes for this host name")
    domain_id = Str("domainid", help="themes for this domain")
    account_id = Str("accountid", help="themes for this account")
    list_all = Flag("listall", default=False, help="all themes")
    show_removed = Flag("showremoved", default=False, help="removed ones too")
    show_public = Flag("showpublic", default=True, help="public ones too")
    default_only = Flag("listonlydefaulttheme", default=False, help="the default theme only")

    def queryset(self) -> list[dict[str, Any]]:
        return []
