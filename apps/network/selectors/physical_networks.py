"""Physical networks and what hangs on them: the operators' business. And the unfiltered read of jobs."""

from typing import Any

from django.db.models import QuerySet

from apps.network.models import (
    GuestVlanRange,
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VlanIpRange,
)
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def physical_networks_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[PhysicalNetwork]:
    return PhysicalNetwork.objects.all() if caller.is_root_admin else PhysicalNetwork.objects.none()


def traffic_types_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[PhysicalNetworkTrafficType]:
    rows = PhysicalNetworkTrafficType.objects
    return rows.all() if caller.is_root_admin else rows.none()


def providers_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[NetworkServiceProvider]:
    return NetworkServiceProvider.objects.all() if caller.is_root_admin else NetworkServiceProvider.objects.none()


def ip_ranges_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[VlanIpRange]:
    return VlanIpRange.objects.all() if caller.is_root_admin else VlanIpRange.objects.none()


def guest_vlan_ranges_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[GuestVlanRange]:
    return GuestVlanRange.objects.all() if caller.is_root_admin else GuestVlanRange.objects.none()


def physical_network_for_job(*, uuid: Any) -> PhysicalNetwork:
    """A physical network, removed ones included: a job must be able to finish."""
    return PhysicalNetwork.all_objects.select_related("zone").get(uuid=uuid)
