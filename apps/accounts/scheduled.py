"""Periodic work of the accounts app."""

import logging

from apps.accounts.services.cleanup import try_deletions_again
from apps.accounts.services.counting import recount_all_for_job
from apps.accounts.services.project_invitations import expire_invitations
from cloudstack.framework.scheduler import scheduled

log = logging.getLogger(__name__)

DAY_S = 24 * 3600


@scheduled("accounts.recount", every_s=DAY_S)
def recount() -> None:
    """Repair and report counters that have drifted."""
    wrong = recount_all_for_job()
    if wrong:
        log.warning("resource counters of %d accounts were wrong and have been corrected", wrong)


@scheduled("accounts.invitations", every_s=600)
def invitations() -> int:
    """Close invitations that nobody answered in time."""
    return expire_invitations()


@scheduled("accounts.cleanup", every_s=60)
def cleanup() -> int:
    """Try the deletion of accounts again that came to no end."""
    return try_deletions_again()
