"""Signing in by an OpenID Connect provider. allauth speaks the protocol; who comes in, and how, is ours to say.

Imported only where a provider is configured. None of allauth's own pages has an address here.
"""

import logging
from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.services.identities import Identities, Identity
from apps.portal.pages.signing_in import enter, safe
from cloudstack.framework.errors import CloudError
from cloudstack.runtime.oidc import BY_EMAIL, OidcProvider

log = logging.getLogger("cloudstack.login")


def configured() -> OidcProvider:
    provider: OidcProvider = settings.OIDC
    return provider


class Protocol(OpenIDConnectOAuth2Adapter):
    """allauth's, but the signature of every identity token is checked, and its issuer is the one that we know."""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return request.build_absolute_uri(reverse("portal:oidc-callback"))

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        text = kwargs["response"].get("id_token")
        if not text:
            raise OAuth2Error("the provider sent no identity token")
        claims = self._decode_id_token(app, text)
        needed = "email" if configured().match == BY_EMAIL else configured().match
        if not claims.get(needed) and "userinfo_endpoint" in self.openid_config:
            more = self._fetch_user_info(token.token)
            if more.get("sub") != claims["sub"]:
                raise OAuth2Error("the provider tells of somebody else")
            claims = {**more, **claims}
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims})

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        if str(self.openid_config["issuer"]).rstrip("/") != configured().issuer:
            raise OAuth2Error("the provider has another issuer than CLOUDSTACK_OIDC_ISSUER")
        found: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
            verify_signature=True,
        )
        return found


class Provider(OpenIDConnectProvider):
    """The one that the environment names."""

    oauth2_adapter_class = Protocol
    pkce_enabled_default = True


class Adapter(DefaultSocialAccountAdapter):
    """Keeps allauth away from sessions, users and pages."""

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        one = configured()
        return SocialApp(
            provider="openid_connect",
            provider_id=one.key,
            name=one.name,
            client_id=one.client_id,
            secret=one.client_secret,
            settings={"server_url": one.issuer},
        )

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        return [self.get_app(request, configured().key)]

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Provider:
        return Provider(request, app=self.get_app(request, provider))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Where allauth would go on to its own sign-in and sign-up, ours takes over."""
        raise ImmediateHttpResponse(_arrived(request, sociallogin))

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, extra_context: Any = None
    ) -> None:
        log.warning("sign-in by %s failed: %s %s", configured().key, error, type(exception).__name__)
        raise ImmediateHttpResponse(_turned_away(request))


@never_cache
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider. Only a form of ours does: no link signs somebody in as somebody else."""
    provider = Adapter(request).get_provider(request, configured().key)
    target = safe(request, request.POST.get("next", "")) or reverse("portal:home")
    try:
        response: HttpResponse = provider.redirect(request, process="login", next_url=target)
    except ImmediateHttpResponse as error:
        return error.response
    except (requests.RequestException, LookupError, ValueError) as error:
        log.warning("the provider %s cannot be asked: %s", configured().issuer, type(error).__name__)
        return _turned_away(request, _("The provider cannot be reached now. Try again, or use your password."))
    return response


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends people back to."""
    try:
        response: HttpResponse = OAuth2CallbackView.adapter_view(Protocol(request, configured().key))(request)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        # What a provider sends is never trusted to be well-formed.
        log.warning("the answer of %s cannot be read: %s", configured().issuer, type(error).__name__)
        return _turned_away(request)
    return response


def _arrived(request: HttpRequest, sociallogin: Any) -> HttpResponse:
    claims = sociallogin.account.extra_data.get("id_token", {})
    one = configured()
    who = Identity(
        subject=str(claims["sub"]),
        name=str(claims.get("preferred_username" if one.match == BY_EMAIL else one.match) or ""),
        email=str(claims.get("email") or ""),
        email_verified=claims.get("email_verified") in (True, "true"),
        first_name=str(claims.get("given_name") or ""),
        last_name=str(claims.get("family_name") or ""),
    )
    try:
        user = Identities().user_of(one, who)
    except CloudError as error:
        return _turned_away(request, error.message)
    target = safe(request, str(sociallogin.state.get("next") or "")) or reverse("portal:home")
    return enter(request, user, target=target, proved=one.provider_proves_second_factor)


def _turned_away(request: HttpRequest, why: str = "") -> HttpResponse:
    messages.error(request, why or _("The sign-in did not come to an end. Try again, or use your password."))
    return HttpResponseRedirect(reverse("portal:sign-in"))


urlpatterns = [
    path("sign-in/provider/", begin, name="oidc"),
    path("sign-in/provider/callback/", callback, name="oidc-callback"),
]
