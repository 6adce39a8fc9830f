"""Deletions of accounts that came to no end are tried again until they do, or until the account is enabled."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.accounts.config import CLEANUP_INTERVAL
from apps.accounts.models import Account
from apps.accounts.services.accounts import DELETION, submit_deletion
from apps.accounts.states import AccountState
from cloudstack.framework.jobs import AsyncJob


def try_deletions_again() -> int:
    """Submit the deletion of each account whose last try ended ``account.cleanup.interval`` seconds ago; how many."""
    since = timezone.now() - timedelta(seconds=CLEANUP_INTERVAL.value())
    recent = AsyncJob.objects.filter(
        Q(status__in=AsyncJob.LIVE) | Q(completed__gt=since), resource_uuid=OuterRef("uuid"), name=DELETION
    )
    waiting = Account.objects.filter(~Exists(recent), cleanup_needed=True, state=AccountState.DISABLED)
    submitted = 0
    for pk in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic():
            account = waiting.select_for_update().filter(pk=pk).first()
            if account is not None:
                submit_deletion(caller=None, account=account, state_before=AccountState.DISABLED)
                submitted += 1
    return submitted
