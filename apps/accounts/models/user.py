"""The user: who logs in and who signs requests, on behalf of an account."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac

from apps.accounts.models.account import Account
from apps.accounts.models.domain import ROOT_PATH, Domain
from apps.accounts.states import AccountState
from cloudstack.framework.context import RoleType
from cloudstack.framework.models import CloudModel, LiveManager
from cloudstack.framework.search import text_indexes


class UserSource(models.TextChoices):
    NATIVE = "native", "native"


class UserManager(LiveManager):
    """Live users; Django's own tools find them by ``user`` or ``user@domain/path``."""

    def get_by_natural_key(self, username: str) -> "User":
        name, path = split_login(username)
        return self.get(username=name, domain__path=path, domain__removed__isnull=True)


class User(AbstractBaseUser, PermissionsMixin, CloudModel):
    """A person or program of one account."""

    username = models.CharField(max_length=255)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="users")
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="+")
    """That of the account, repeated here because names are unique inside it."""
    email = models.EmailField(max_length=255, blank=True, default="")
    first_name = models.CharField(max_length=255, blank=True, default="")
    last_name = models.CharField(max_length=255, blank=True, default="")
    timezone = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=16, choices=AccountState, default=AccountState.ENABLED, editable=False)
    incorrect_logins = models.PositiveSmallIntegerField(default=0, editable=False)
    last_incorrect_login = models.DateTimeField(null=True, blank=True, editable=False)
    source = models.CharField(max_length=32, choices=UserSource, default=UserSource.NATIVE, editable=False)
    is_default = models.BooleanField(default=False, editable=False)
    api_key_access = models.BooleanField(null=True, blank=True)
    """Whether key pairs work; null leaves it to the account."""
    second_factor = models.CharField(max_length=16, blank=True, default="", editable=False)
    """Provider of the second factor in force; empty for none. The factor itself is a ``TwoFactor``."""
    second_factor_mandated = models.BooleanField(default=False)
    """An administrator wants the user to have one, whatever the domain's setting."""
    session_round = models.PositiveIntegerField(default=0, editable=False)
    """Sessions of earlier rounds are over: it rises when the user signs out everywhere."""
    password_history = models.JSONField(default=list, blank=True, editable=False)
    """Hashes of former passwords, the newest first, as many as the setting asks for."""
    reset_token_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    """Of the token that was mailed to somebody who has forgotten the password; empty for none."""
    reset_token_expires = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    EMAIL_FIELD = "email"

    objects: ClassVar[Any] = UserManager()
    all_objects: ClassVar[Any] = models.Manager()

    class Meta(CloudModel.Meta):
        indexes = [
            *text_indexes("user", "username", "email", "first_name", "last_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=("domain", "username"),
                condition=models.Q(removed__isnull=True),
                name="username_once_per_domain",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:
        return self.state == AccountState.ENABLED and self.removed is None

    @property
    def is_superuser(self) -> bool:
        """Root admins without restriction, by their role: no second flag that could say otherwise."""
        return self.account.role.unrestricted

    @property
    def is_staff(self) -> bool:
        """Who may enter the admin; what a restricted one may do there, his Django permissions say."""
        return self.account.role.type == RoleType.ADMIN

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's sessions end with the password and the round, and when a second factor comes into force or goes."""
        stored = f"{self.password}\n{self.second_factor}"
        if self.session_round:
            stored += f"\n{self.session_round}"
        return salted_hmac("accounts.admin_session", stored, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username

    def get_short_name(self) -> str:
        return self.first_name or self.username


def split_login(login: str) -> tuple[str, str]:
    """``user`` or ``user@domain/path`` → username and path of the domain (ROOT if none is named).

    A user name may be a mail address: only what follows the last ``@`` can name a domain, and a caller that
    finds no such domain tries the whole text in ROOT.
    """
    name, at, domain = login.rpartition("@")
    if not at:
        return login, ROOT_PATH
    return name, path_from_text(domain)


def path_from_text(text: str) -> str:
    """A domain as people write it (``sales/emea``, ``/sales/``, ``ROOT/sales``) → its path."""
    names = [name for name in text.split("/") if name]
    if names and names[0].upper() == "ROOT":
        names = names[1:]
    return "/" + "/".join(names) + "/" if names else ROOT_PATH
