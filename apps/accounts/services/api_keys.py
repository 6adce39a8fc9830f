"""Key pairs: made by the platform, or brought by an administrator's client."""

import secrets

from django.db import IntegrityError, transaction

from apps.accounts import events
from apps.accounts.models import ApiKeyPair, User
from apps.accounts.services.reach import ensure_reach
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish

_BYTES = 64
_SHORTEST_SECRET = 32


class ApiKeyManager:
    """Makes, finds and removes the key pairs of users."""

    @transaction.atomic
    def register(self, *, caller: Caller, user: User, name: str = "") -> ApiKeyPair:
        """A fresh pair in place of the user's pair of that name: the old one stops working at once."""
        self._ensure_may_hold(caller, user)
        return self._replace(caller, user, name, secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES))

    @transaction.atomic
    def set_pair(self, *, caller: Caller, user: User, api_key: str, secret_key: str) -> ApiKeyPair:
        """Put a pair that the caller brings in place of the user's; for administrators only."""
        if not caller.is_admin:
            raise PermissionDenied("Only an administrator can set keys; registerUserKeys makes new ones")
        self._ensure_may_hold(caller, user)
        if not api_key or len(secret_key) < _SHORTEST_SECRET:
            raise InvalidParameter(
                f"userapikey and usersecretkey go together, the secret with at least {_SHORTEST_SECRET} characters",
                parameter="usersecretkey",
            )
        if ApiKeyPair.all_objects.filter(api_key=api_key).exclude(user=user, removed__isnull=True).exists():
            raise InvalidParameter("this userapikey has been used already; choose another", parameter="userapikey")
        return self._replace(caller, user, "", api_key, secret_key)

    def pair_of(self, *, caller: Caller, user: User) -> ApiKeyPair | None:
        """The user's newest pair, for the user himself and his administrators."""
        self._ensure_may_hold(caller, user)
        return ApiKeyPair.objects.filter(user=user).order_by("-pk").first()

    def remove_all(self, user: User) -> None:
        """Close every pair of the user."""
        for pair in ApiKeyPair.objects.filter(user=user):
            pair.mark_removed()

    def _ensure_may_hold(self, caller: Caller, user: User) -> None:
        """Who knows the keys acts as the user: so himself, or an administrator with at least his rights."""
        if user.pk == caller.user_id:
            return
        if not caller.is_admin:
            raise PermissionDenied("The keys of a user are for the user and the administrators only", parameter="id")
        ensure_reach(caller, account=user.account)

    def _replace(self, caller: Caller, user: User, name: str, api_key: str, secret_key: str) -> ApiKeyPair:
        # The user's row is the gate: two registrations at once leave one pair.
        User.objects.select_for_update().get(pk=user.pk)
        for pair in ApiKeyPair.objects.filter(user=user, name=name):
            if pair.api_key == api_key:
                pair.secret_key = secret_key
                pair.save(update_fields=["secret_key"])
                return pair
            pair.mark_removed()
        try:
            with transaction.atomic():
                pair = ApiKeyPair.objects.create(user=user, name=name, api_key=api_key, secret_key=secret_key)
        except IntegrityError:
            raise InvalidParameter("this userapikey has been used already; choose another") from None
        pair.refresh_from_db()
        publish(
            events.REGISTER_USER_KEY, caller=caller, description=f"keys of user {user.username} made", resource=user
        )
        return pair
