"""Which public addresses a caller may see or change, and which ranges are open to an account."""

from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.models import Domain
from apps.accounts.models.domain import ancestor_paths
from apps.accounts.selectors import owned_scope
from apps.network.models import PublicIpAddress, VlanIpRange
from apps.network.states import PublicIpState
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def open_public_ranges(*, account_id: int, domain_path: str, common: bool = True) -> QuerySet[VlanIpRange]:
    """Public ranges that an account may have addresses of: common ones, its own, those of its domain or one above.

    Without ``common`` an account that has ranges of its own is left with them.
    """
    own = VlanIpRange.objects.filter(dedicated_account=account_id, for_system_vms=False)
    if not common and own.exists():
        return own
    above = Domain.objects.filter(path__in=ancestor_paths(domain_path)).values("pk")
    return VlanIpRange.objects.filter(
        Q(dedicated_domain__isnull=True)
        | Q(dedicated_account=account_id)
        | Q(dedicated_account__isnull=True, dedicated_domain__in=above),
        network__isnull=True,
        for_system_vms=False,
    )


def free_public_ips(*, caller: Caller) -> QuerySet[PublicIpAddress]:
    """Free addresses that the caller could have; root admins see all."""
    free = PublicIpAddress.objects.filter(state=PublicIpState.FREE)
    if caller.is_root_admin:
        return free
    ranges = open_public_ranges(account_id=caller.account_id, domain_path=caller.domain_path)
    return free.filter(ip_range__in=ranges.values("pk"))


def held_public_ips(*, caller: Caller, access: Access = Access.USE) -> QuerySet[PublicIpAddress]:
    """Addresses in the hands of accounts within the caller's reach."""
    return owned_scope(PublicIpAddress.objects.exclude(state=PublicIpState.FREE), caller=caller, access=access)


def public_ips_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[PublicIpAddress]:
    """Holders and their admins change an address; a free one can be named by whoever could have it."""
    if caller.is_root_admin:
        return PublicIpAddress.objects.all()
    held = held_public_ips(caller=caller, access=access)
    if access != Access.USE:
        return held
    free = free_public_ips(caller=caller)
    return PublicIpAddress.objects.filter(Q(pk__in=held.values("pk")) | Q(pk__in=free.values("pk")))


def public_ip_for_job(*, uuid: Any) -> PublicIpAddress:
    """An address, given back or not: a job must be able to finish."""
    return PublicIpAddress.all_objects.select_related("account", "network").get(uuid=uuid)
