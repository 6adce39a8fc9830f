"""Users and their keys as clients see them."""

from typing import Any

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When

from apps.accounts.api.attached import Iconed
from apps.accounts.models import ApiKeyPair, User
from apps.accounts.models.role import ROLE_TYPE_NAMES
from apps.accounts.services.api_keys import MAIN_FIRST
from apps.accounts.services.second_factor import is_mandated
from cloudstack.api import ADMINS, BOOL, STRING, Field
from cloudstack.api.fields import uuid_text
from cloudstack.framework.context import Caller, RoleType

_ACCESS_WORDS = {True: "ENABLED", False: "DISABLED", None: "INHERIT"}


def key_access_word(access: bool | None) -> str:
    """How clients write whether key pairs work."""
    return _ACCESS_WORDS[access]


def key_access_from(word: str) -> bool | None:
    """The inverse of :func:`key_access_word`, for ENABLED, DISABLED and INHERIT."""
    return {"ENABLED": True, "DISABLED": False}.get(word)


KEY_ACCESS_WORDS = tuple(_ACCESS_WORDS.values())


def role_type_word(path: str) -> Field:
    """A field that shows the number at ``path`` as the type's name."""
    return Field(
        compute=lambda row: ROLE_TYPE_NAMES[RoleType(row[path])], needs=(path,), help="Admin, ResourceAdmin, …"
    )


class UserResponse(Iconed):
    object_name = "user"
    model = User

    id = Field("uuid", help="UUID of the user")
    username = Field(help="the name to log in with")
    firstname = Field("first_name", help="first name")
    lastname = Field("last_name", help="last name")
    email = Field(help="mail address")
    created = Field(help="when the user was made")
    state = Field(help="enabled, disabled or locked")
    account = Field("account__name", help="name of the account")
    accountid = Field("account__uuid", help="UUID of the account")
    accounttype = Field("account__type", help="0 user, 1 root admin, 2 domain admin, 3 resource admin")
    usersource = Field("source", help="where the user comes from")
    roleid = Field("account__role__uuid", help="UUID of the account's role")
    rolename = Field("account__role__name", help="name of the role")
    roletype = role_type_word("account__role__type")
    domainid = Field("domain__uuid", help="UUID of the domain")
    domain = Field("domain__name", help="name of the domain")
    timezone = Field(compute=lambda row: row["timezone"] or None, needs=("timezone",), help="as in Europe/Berlin")
    apikey = Field(
        expression=lambda: Subquery(
            ApiKeyPair.objects.filter(user_id=OuterRef("pk")).order_by(*MAIN_FIRST).values("api_key")[:1]
        ),
        type=STRING,
        roles=ADMINS,
        help="public half of the main key pair, or else of the newest",
    )
    iscallerchilddomain = Field("below_caller", type=BOOL, help="whether the user's domain lies below yours")
    isdefault = Field("is_default", help="whether the user came with the installation")
    is2faenabled = Field(
        compute=lambda row: bool(row["second_factor"]),
        needs=("second_factor",),
        type=BOOL,
        help="whether a second factor of the user is in force",
    )
    is2famandated = Field(
        compute=lambda row: is_mandated(
            domain_uuid=uuid_text(row["domain__uuid"]), of_user=row["second_factor_mandated"]
        ),
        needs=("domain__uuid", "second_factor_mandated"),
        type=BOOL,
        help="whether the user must have a second factor",
    )
    apikeyaccess = Field(
        compute=lambda row: key_access_word(row["api_key_access"]),
        needs=("api_key_access",),
        help="whether key pairs work: ENABLED, DISABLED or INHERIT (from the account)",
    )

    @classmethod
    def prepare(cls, queryset: QuerySet[Any], *, caller: Caller) -> QuerySet[Any]:
        below = Q(domain__path__startswith=caller.domain_path) & ~Q(domain_id=caller.domain_id)
        return queryset.annotate(below_caller=Case(When(below, then=Value(True)), default=Value(False)))
