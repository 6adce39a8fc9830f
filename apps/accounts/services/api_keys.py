"""Key pairs: made by the platform, or brought by an administrator's client."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, When
from django.utils import timezone

from apps.accounts import events
from apps.accounts.models import ApiKeyPair, User
from apps.accounts.services.reach import ensure_reach
from cloudstack.api.addresses import canonical_networks
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish

_BYTES = 64
_SHORTEST_SECRET = 32
MOST_PAIRS = 50
"""Of one user. Each is a way in that somebody has to keep an eye on."""


MAIN_FIRST = (Case(When(name="", then=0), default=1), "-pk")
"""Order of a user's pairs: the main one, then the newest."""


class ApiKeyManager:
    """Makes, finds, changes and removes the key pairs of users."""

    @transaction.atomic
    def register(
        self,
        *,
        caller: Caller,
        user: User,
        name: str = "",
        description: str = "",
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        cidrs: Sequence[str] = (),
    ) -> ApiKeyPair:
        """A fresh pair. Without a name it takes the place of the user's main pair, which stops working at once.

        Raises ``InvalidParameter`` for a name that the user has given already.
        """
        self._ensure_may_hold(caller, user)
        name = name.strip()
        _ensure_span(start_date, end_date)
        if end_date is not None and end_date <= timezone.now():
            raise InvalidParameter("enddate is over already: the pair would never sign anything", parameter="enddate")
        if name:
            # The user's row is the gate: of registrations at once each sees what the others did.
            User.objects.select_for_update().get(pk=user.pk)
            if ApiKeyPair.objects.filter(user=user, name=name).exists():
                raise InvalidParameter(
                    f"{user.username} has a key pair {name} already; delete that one first or choose another name",
                    parameter="name",
                )
            if ApiKeyPair.objects.filter(user=user).count() >= MOST_PAIRS:
                raise InvalidParameter(f"A user has at most {MOST_PAIRS} key pairs; delete one that is not needed")
        return self._replace(
            caller,
            user,
            name,
            secrets.token_urlsafe(_BYTES),
            secrets.token_urlsafe(_BYTES),
            description=description.strip(),
            start_date=start_date,
            end_date=end_date,
            allowed_cidrs=_networks(cidrs),
        )

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

    @transaction.atomic
    def update(self, *, caller: Caller, pair: ApiKeyPair, **changes: Any) -> ApiKeyPair:
        """Change ``name``, ``description``, ``start_date``, ``end_date``, ``cidrs`` or ``enabled``."""
        self._ensure_may_hold(caller, pair.user)
        if "cidrs" in changes:
            changes["allowed_cidrs"] = _networks(changes.pop("cidrs"))
        if "name" in changes:
            changes["name"] = changes["name"].strip()
            others = ApiKeyPair.objects.filter(user=pair.user, name=changes["name"]).exclude(pk=pair.pk)
            if others.exists():
                raise InvalidParameter("another key pair of the user has this name", parameter="name")
        for field, value in changes.items():
            setattr(pair, field, value)
        _ensure_span(pair.start_date, pair.end_date)
        pair.save(update_fields=list(changes))
        publish(
            events.USER_KEY_UPDATE,
            caller=caller,
            description=f"key pair {pair} of user {pair.user.username} changed",
            resource=pair.user,
        )
        return pair

    @transaction.atomic
    def delete(self, *, caller: Caller, pair: ApiKeyPair) -> None:
        """Close the pair: it signs nothing from now on."""
        self._ensure_may_hold(caller, pair.user)
        pair.mark_removed()
        publish(
            events.USER_KEY_DELETE,
            caller=caller,
            description=f"key pair {pair} of user {pair.user.username} deleted",
            resource=pair.user,
        )

    def pair_of(self, *, caller: Caller, user: User) -> ApiKeyPair | None:
        """The user's main pair, or else the newest, for the user himself and his administrators."""
        self._ensure_may_hold(caller, user)
        return ApiKeyPair.objects.filter(user=user).order_by(*MAIN_FIRST).first()

    def reveal(self, *, caller: Caller, pair: ApiKeyPair) -> ApiKeyPair:
        """The pair with its secret, if the caller may have that. Raises ``PermissionDenied``."""
        self._ensure_may_hold(caller, pair.user)
        return pair

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

    def _replace(self, caller: Caller, user: User, name: str, api_key: str, secret_key: str, **more: Any) -> ApiKeyPair:
        # The user's row is the gate: two registrations at once leave one pair.
        User.objects.select_for_update().get(pk=user.pk)
        for pair in ApiKeyPair.objects.filter(user=user, name=name):
            if pair.api_key == api_key:
                pair.secret_key = secret_key
                pair.save(update_fields=["secret_key"])
                text = f"secret half of key pair {pair} of user {user.username} replaced"
                publish(events.USER_KEY_UPDATE, caller=caller, description=text, resource=user)
                return pair
            pair.mark_removed()
        try:
            with transaction.atomic():
                pair = ApiKeyPair.objects.create(user=user, name=name, api_key=api_key, secret_key=secret_key, **more)
        except IntegrityError:
            raise InvalidParameter("this userapikey has been used already; choose another") from None
        pair.refresh_from_db()
        publish(
            events.REGISTER_USER_KEY, caller=caller, description=f"keys of user {user.username} made", resource=user
        )
        return pair


def _networks(cidrs: Sequence[str]) -> str:
    try:
        text = canonical_networks(cidrs)
    except ValueError as error:
        raise InvalidParameter(f"cidrlist: {error}", parameter="cidrlist") from None
    if len(text) > ApiKeyPair._meta.get_field("allowed_cidrs").max_length:
        raise InvalidParameter("cidrlist holds too many networks; 2048 characters are kept", parameter="cidrlist")
    return text


def _ensure_span(start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and end <= start:
        raise InvalidParameter("enddate must be later than startdate", parameter="enddate")
