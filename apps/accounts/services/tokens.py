"""Bearer tokens of REST: a user makes them for his programs and takes them back."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts import events
from apps.accounts.models import ApiToken, User
from apps.accounts.services.reach import ensure_reach
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish

PREFIX = "cst_"
"""By it scanners of code and logs know a token that went astray."""
MOST_TOKENS = 50
_BYTES = 32
_HINT = 8
USED_EVERY = timedelta(hours=1)
"""The last use is written at most this often."""


class TokenManager:
    """Makes and revokes tokens."""

    @transaction.atomic
    def create(
        self, *, caller: Caller, user: User, name: str, end_date: datetime | None = None
    ) -> tuple[ApiToken, str]:
        """A token of the caller himself, and its text, which is nowhere to be found afterwards."""
        if user.pk != caller.user_id:
            raise PermissionDenied("Everybody makes tokens for himself only", parameter="name")
        name = name.strip()
        if not name:
            raise InvalidParameter("the token needs a name by which you will know it again", parameter="name")
        if end_date is not None and end_date <= timezone.now():
            raise InvalidParameter("enddate is over already", parameter="enddate")
        User.objects.select_for_update().get(pk=user.pk)
        tokens = ApiToken.objects.filter(user=user)
        if tokens.filter(name=name).exists():
            raise InvalidParameter(f"you have a token {name} already", parameter="name")
        if tokens.count() >= MOST_TOKENS:
            raise InvalidParameter(f"A user has at most {MOST_TOKENS} tokens; delete one that is not needed")
        text = PREFIX + secrets.token_urlsafe(_BYTES)
        token = ApiToken.objects.create(
            user=user, name=name, end_date=end_date, token_hash=hash_of(text), hint=text[:_HINT]
        )
        publish(events.USER_TOKEN_CREATE, caller=caller, description=f"token {name} made", resource=user)
        return token, text

    @transaction.atomic
    def delete(self, *, caller: Caller, token: ApiToken) -> None:
        """Revoke: for the user himself and for administrators with at least his rights."""
        if token.user_id != caller.user_id:
            if not caller.is_admin:
                raise PermissionDenied("The tokens of a user are for the user and the administrators only")
            ensure_reach(caller, account=token.user.account)
        token.mark_removed()
        publish(events.USER_TOKEN_DELETE, caller=caller, description=f"token {token.name} revoked", resource=token.user)

    def remove_all(self, user: User) -> None:
        """Revoke every token of the user."""
        for token in ApiToken.objects.filter(user=user):
            token.mark_removed()


def hash_of(text: str) -> str:
    """What is stored of a token. It holds 256 random bits, which no table of guesses reaches: one round is enough."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def note_use(token_id: int, last_used: datetime | None) -> None:
    """Write that the token was used, unless that was written within the hour."""
    now = timezone.now()
    if last_used is None or now - last_used > USED_EVERY:
        ApiToken.objects.filter(pk=token_id).update(last_used=now)
