"""People whom an OpenID Connect provider vouches for, and which users they are.

A link (issuer and subject → user) is made once, at the first sign-in, and holds from then on, whatever the person is
called later. It is made by a verified e-mail address or by a user's name that the operator trusts the provider with.
"""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from apps.accounts.models import Account, Domain, Role, User
from apps.accounts.models.user import path_from_text
from apps.accounts.selectors import system_caller
from apps.accounts.services.accounts import AccountManager
from apps.accounts.services.login import is_admitted
from apps.accounts.services.users import UserManager
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import CloudError, PermissionDenied
from cloudstack.runtime.oidc import BY_EMAIL, OidcProvider

log = logging.getLogger("cloudstack.login")

UNKNOWN = "You have proved who you are, but there is no user for you here; ask an administrator"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the provider says of somebody. ``name`` is the claim that is matched with the names of users."""

    subject: str
    name: str = ""
    email: str = ""
    email_verified: bool = False
    first_name: str = ""
    last_name: str = ""


class Identities:
    """Asked before there is a caller. Finds, links and, where the operator wants that, makes the user of a person."""

    def user_of(self, provider: OidcProvider, who: Identity) -> User:
        """The user who may come in. Raises ``PermissionDenied`` with a sentence for the person."""
        user = self._linked(provider, who) or self._link(provider, who)
        if not is_admitted(user):
            log.warning("sign-in by %s refused: user %s is not enabled", provider.key, user.uuid)
            raise PermissionDenied(UNKNOWN)
        return user

    def _linked(self, provider: OidcProvider, who: Identity) -> User | None:
        from allauth.socialaccount.models import SocialAccount

        link = SocialAccount.objects.filter(provider=provider.key, uid=who.subject).first()
        if link is None:
            return None
        user = User.objects.select_related("account__role", "domain").filter(pk=link.user_id).first()
        if user is None:
            link.delete()  # the user is deleted, and whoever comes after him is another one
        return user

    @transaction.atomic
    def _link(self, provider: OidcProvider, who: Identity) -> User:
        from allauth.socialaccount.models import SocialAccount

        user = self._matched(provider, who) or self._made(provider, who)
        # Somebody else at the provider is this user already: an address may have been given to a new person.
        if SocialAccount.objects.filter(provider=provider.key, user=user).exists():
            log.warning("sign-in by %s refused: user %s is linked to another subject", provider.key, user.uuid)
            raise PermissionDenied(UNKNOWN)
        try:
            SocialAccount.objects.create(provider=provider.key, uid=who.subject, user=user)
        except IntegrityError:
            raise PermissionDenied("You are signing in twice at once; try again") from None
        log.info("subject of %s linked to user %s", provider.key, user.uuid)
        return user

    def _matched(self, provider: OidcProvider, who: Identity) -> User | None:
        users = User.objects.select_related("account__role", "domain").filter(
            domain__path=path_from_text(provider.domain), domain__removed__isnull=True, account__is_system=False
        )
        if provider.match != BY_EMAIL:
            return users.filter(username=who.name).first() if who.name else None
        if not who.email or not who.email_verified:
            return None
        found = list(users.filter(email__iexact=who.email)[:2])
        if len(found) > 1:
            log.warning("sign-in by %s refused: several users have the person's address", provider.key)
            raise PermissionDenied(UNKNOWN)
        return found[0] if found else None

    def _made(self, provider: OidcProvider, who: Identity) -> User:
        if not provider.create_in_account and not provider.create_with_role:
            raise PermissionDenied(UNKNOWN)
        name = who.name or (who.email if who.email_verified else "")
        if not name or not who.email or not who.email_verified:
            log.warning("sign-in by %s refused: nobody is made a user without a verified address", provider.key)
            raise PermissionDenied("The provider does not vouch for your e-mail address, so no user is made for you")
        about: dict[str, Any] = {
            "username": name,
            "password": None,
            "email": who.email,
            "first_name": who.first_name,
            "last_name": who.last_name,
        }
        try:
            about["caller"] = system_caller()
            if provider.create_in_account:
                return UserManager().create(account=self._account(provider), **about)
            account = AccountManager().create(
                name=name, domain=self._domain(provider), role=self._role(provider), **about
            )
        except (CloudError, LookupError) as error:
            log.warning("sign-in by %s refused: no user is made: %s", provider.key, error)
            raise PermissionDenied(UNKNOWN) from None
        return User.objects.select_related("account__role", "domain").get(account=account, username=name)

    def _domain(self, provider: OidcProvider) -> Domain:
        domain = Domain.objects.filter(path=path_from_text(provider.domain)).first()
        if domain is None:
            raise LookupError(f"there is no domain {provider.domain}")
        return domain

    def _account(self, provider: OidcProvider) -> Account:
        account = (
            Account.objects.select_related("role", "domain")
            .filter(name=provider.create_in_account, domain=self._domain(provider), is_system=False)
            .first()
        )
        if account is None:
            raise LookupError(f"there is no account {provider.create_in_account} in {provider.domain}")
        self._ensure_plain(account.role)
        return account

    def _role(self, provider: OidcProvider) -> Role:
        role = Role.objects.filter(name=provider.create_with_role).first()
        if role is None:
            raise LookupError(f"there is no role {provider.create_with_role}")
        self._ensure_plain(role)
        return role

    def _ensure_plain(self, role: Role) -> None:
        """Nobody becomes an administrator by coming through the door."""
        if role.type != RoleType.USER:
            raise LookupError(f"role {role.name} is one of administrators")
