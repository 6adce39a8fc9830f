"""Which leases machines can have."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.compute.config import LEASE_ENABLED
from apps.compute.models import ServiceOffering
from apps.compute.states import LeaseAction
from cloudstack.framework.errors import InvalidParameter

FOR_EVER = -1
LONGEST_DAYS = 36500


def check_lease(days: int | None, action: str | None, *, or_for_ever: bool = True) -> None:
    """Raise ``InvalidParameter`` for a lease that cannot be had."""
    if days is None and action is None:
        return
    if not LEASE_ENABLED.value():
        raise InvalidParameter(
            "there are no leases here (instance.lease.enabled is false); leave leaseduration and leaseexpiryaction out",
            parameter="leaseduration",
        )
    if days is None:
        raise InvalidParameter("leaseexpiryaction goes with leaseduration", parameter="leaseexpiryaction")
    if not 1 <= days <= LONGEST_DAYS and not (days == FOR_EVER and or_for_ever):
        raise InvalidParameter(
            f"leaseduration must be 1 to {LONGEST_DAYS} days{', or -1 for none' if or_for_ever else ''}, not {days}",
            parameter="leaseduration",
        )


def lease_columns(days: int | None, action: str | None, offering: ServiceOffering | None = None) -> dict[str, Any]:
    """Columns of a machine for a lease from now on: what is asked for, else the offering's, else none."""
    if days is None and offering is not None and LEASE_ENABLED.value():
        days, action = offering.lease_days, offering.lease_action
    if days is None or days == FOR_EVER:
        return {"lease_expires": None, "lease_action": "", "lease_ended": False}
    return {
        "lease_expires": timezone.now() + timedelta(days=days),
        "lease_action": action or LeaseAction.STOP,
        "lease_ended": False,
    }
