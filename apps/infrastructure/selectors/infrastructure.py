"""Which zones, pods, clusters and hosts a caller may see; and the unfiltered reads of jobs."""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from apps.accounts.models.domain import ancestor_paths
from apps.infrastructure.models import Cluster, Host, HypervisorCapabilities, Pod, Zone
from apps.infrastructure.states import AllocationState
from cloudstack.api import Access
from cloudstack.framework.context import Caller, RoleType

M = TypeVar("M", bound=Model)


def zones_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Zone]:
    """Operators have all zones; others use the enabled ones, and of dedicated ones those of their domain or above.

    A zone that is kept for one account is there for that account alone.
    """
    zones = Zone.objects.all()
    if caller.is_root_admin:
        return zones
    if access != Access.USE:
        return zones.none()
    open_to_all = Q(domain__isnull=True)
    not_another_account = Q(dedication__account__isnull=True) | Q(dedication__account=caller.account_id)
    mine = Q(domain__path__in=ancestor_paths(caller.domain_path)) & not_another_account
    return zones.filter(open_to_all | mine, allocation_state=AllocationState.ENABLED)


def _operators(rows: QuerySet[M], zone: str, *, caller: Caller, access: Access) -> QuerySet[M]:
    """Rows for root admins; resource admins see what stands in zones dedicated to their domain or below."""
    if caller.is_root_admin:
        return rows
    if caller.role_type == RoleType.RESOURCE_ADMIN and access == Access.USE:
        return rows.filter(**{f"{zone}__domain__path__startswith": caller.domain_path})
    return rows.none()


def pods_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Pod]:
    """Pods are the operators' business."""
    return _operators(Pod.objects.all(), "zone", caller=caller, access=access)


def clusters_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Cluster]:
    """Clusters are the operators' business."""
    return _operators(Cluster.objects.all(), "pod__zone", caller=caller, access=access)


def hosts_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Host]:
    """Hosts are the operators' business."""
    return _operators(Host.objects.all(), "zone", caller=caller, access=access)


def hypervisor_capabilities_visible_to(
    *, caller: Caller, access: Access = Access.USE
) -> QuerySet[HypervisorCapabilities]:
    """Limits of hypervisors are the operators' business."""
    rows = HypervisorCapabilities.objects.all()
    return rows if caller.is_root_admin else rows.none()


def host_tags(*, caller: Caller) -> list[str]:
    """Tags that hosts of the zones within the caller's sight carry, each once: offerings may ask for them."""
    hosts = Host.objects.exclude(tags="")
    if not caller.is_root_admin:
        hosts = hosts.filter(zone__in=zones_visible_to(caller=caller).values("pk"))
    texts = hosts.order_by("tags").values_list("tags", flat=True).distinct()
    return sorted({tag for text in texts for tag in text.split(",")})


def host_for_job(*, uuid: Any) -> Host:
    """A host with its place in the cloud, removed ones included: a job must be able to finish."""
    return Host.all_objects.select_related("zone", "pod", "cluster").get(uuid=uuid)


def cluster_for_job(*, uuid: Any) -> Cluster:
    """A cluster with its place in the cloud."""
    return Cluster.all_objects.select_related("pod__zone").get(uuid=uuid)


def hypervisors_in_use(*, caller: Caller, zone: Zone | None = None) -> list[str]:
    """Hypervisors of the clusters in the zones that the caller sees."""
    zones = zones_visible_to(caller=caller)
    if zone is not None:
        zones = zones.filter(pk=zone.pk)
    found = Cluster.objects.filter(pod__removed__isnull=True, pod__zone__in=zones.values("pk"))
    return sorted(set(found.values_list("hypervisor", flat=True)))
