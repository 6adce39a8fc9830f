"""The seam to the app that knows users: who signs, who has logged in, what a role admits.

The user model that it brings must lead to its owner by ``account`` (``uuid``, ``name``), ``account.domain``
(``uuid``, ``path``) and ``account.role`` (``type``); scopes of jobs and responses about them read those columns.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from cloudstack.framework.context import Caller
from cloudstack.framework.secrets import Secret

if TYPE_CHECKING:
    from cloudstack.api.base import BaseCmd


@dataclass(frozen=True, kw_only=True)
class LoginResult:
    """Who has logged in, with what the answer to ``login`` shows beside the caller."""

    caller: Caller
    firstname: str = ""
    lastname: str = ""
    timezone: str = ""
    """IANA name; empty for none."""
    mark: str = field(default="", repr=False)
    """What the session keeps and shows to ``logged_in``: it is worth nothing once the password is another."""
    lacks: str = ""
    """``verify`` a code of the second factor, ``setup`` of one, or nothing."""
    second_factor: str = ""
    """Provider of the second factor in force."""
    second_factor_issuer: str = ""


@dataclass(frozen=True)
class LoggedIn:
    """Who stands behind a session, and what it lacks unless a code was given in it: see ``LoginResult.lacks``."""

    caller: Caller
    lacks: str = ""


@dataclass(frozen=True)
class KeyHolder:
    """Who owns a key pair, and its secret half. ``refusal`` says why it may not be used: for him who can sign only."""

    caller: Caller
    secret: Secret
    refusal: str = ""


class Authenticator(Protocol):
    """Implemented once, by the accounts app. Each method costs one statement."""

    def caller_by_key(self, api_key: str, *, address: str = "") -> KeyHolder | None:
        """The owner of a key pair; ``address`` is where the request comes from, which the pair may restrict."""

    def caller_by_token(self, token: str) -> Caller | None:
        """Who made the bearer token; None for one that opens nothing."""

    def caller_by_user(self, user_id: int) -> Caller | None:
        """The caller that a user makes; None when the user may not act any more."""

    def logged_in(self, user_id: int, *, mark: str) -> LoggedIn | None:
        """Who stands behind a session of the command API; None when the user may not act any more.

        ``mark`` is that of the log-in: also None when the password has been changed since.
        """

    def login(
        self,
        username: str,
        password: str,
        *,
        domain_path: str | None = None,
        domain_uuid: str | None = None,
        request: HttpRequest | None = None,
    ) -> LoginResult:
        """Check a password. ``domain_uuid`` wins over ``domain_path`` (``/sales/``); neither means ROOT.

        Raises ``PermissionDenied`` with one text for every reason, and ``Unauthorized`` for who is right but comes
        from where his account is not served. Counts failures.
        """

    def logout(self, user_id: int) -> None:
        """Told when a user ends a session."""

    def is_allowed(self, caller: Caller, command: "type[BaseCmd]") -> bool:
        """What the rules of the caller's role, then the command's own ``roles``, say."""

    def is_unrestricted(self, caller: Caller) -> bool:
        """Whether the caller's role allows everything, whatever its rules are."""

    def allowed_in_project(self, caller: Caller, project_uuid: str) -> "Callable[[type[BaseCmd]], bool]":
        """What the caller's role in a project allows. Raises ``InvalidParameter`` for one out of his sight."""

    def acting(self, caller: Caller, command: "type[BaseCmd]") -> Caller:
        """The caller of ``command``: projects whose role does not allow it are barred. Asked of members only."""


_authenticator: Authenticator | None = None


def register(authenticator: Authenticator) -> None:
    """Called in ``ready()`` of the app that knows users."""
    global _authenticator
    _authenticator = authenticator


def get() -> Authenticator:
    if _authenticator is None:
        raise ImproperlyConfigured("no authenticator is registered; is the accounts app installed?")
    return _authenticator


def is_allowed(caller: Caller, command: "type[BaseCmd]") -> bool:
    """The platform itself may call everything; for others the authenticator decides."""
    return caller.is_system or get().is_allowed(caller, command)


def acting(caller: Caller, command: "type[BaseCmd]") -> Caller:
    """The caller as ``command`` gets him: his roles in projects are applied to what he reaches through them."""
    return get().acting(caller, command) if caller.memberships else caller
