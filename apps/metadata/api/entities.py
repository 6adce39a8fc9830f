"""Kinds of the apps below this one."""

from apps.accounts.models import Account, User
from apps.metadata.kinds import register_kind

register_kind(Account, "Account", tags=True)
register_kind(User, "User", tags=True)
