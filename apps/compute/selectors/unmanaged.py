"""Machines that are not the cloud's, and the hosts that can be asked for them."""

from django.db.models import QuerySet

from apps.compute.models import UnmanagedVm
from apps.infrastructure.models import Cluster, Host
from apps.infrastructure.states import HostStatus
from cloudstack.framework.context import Caller


def unmanaged_visible_to(*, caller: Caller) -> QuerySet[UnmanagedVm]:
    """All of them for root admins, none for others."""
    rows = UnmanagedVm.objects.filter(host__removed__isnull=True)
    return rows if caller.is_root_admin else rows.none()


def hosts_that_answer(*, cluster: Cluster | None = None) -> QuerySet[Host]:
    """Hosts that are up, of one cluster or of all."""
    hosts = Host.objects.filter(status=HostStatus.UP).select_related("zone", "pod", "cluster").order_by("pk")
    return hosts if cluster is None else hosts.filter(cluster=cluster)
