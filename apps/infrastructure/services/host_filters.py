"""The core's host filters. Each answers the reason against a host, without its name, or None."""

from apps.infrastructure.selectors.dedications import Keeper
from apps.infrastructure.services.affinity_types import AffinityFilter
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.contracts.placement import HostCandidate, HostFilter, PlacementRequest

UP = str(HostStatus.UP)
ENABLED = str(ResourceState.ENABLED)


class RequestedHost:
    """Only the host, cluster and pod asked for, and none of those to avoid."""

    name = "requested"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        if request.host_uuid and host.uuid != request.host_uuid:
            return "not the host asked for"
        if request.cluster_uuid and host.cluster_uuid != request.cluster_uuid:
            return "not in the cluster asked for"
        if request.pod_uuid and host.pod_uuid != request.pod_uuid:
            return "not in the pod asked for"
        if host.uuid in request.avoid_hosts:
            return "to be avoided"
        return None


class Hypervisor:
    """Only hosts of the hypervisor that the machine's template is made for."""

    name = "hypervisor"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        if host.hypervisor != request.hypervisor:
            return f"runs {host.hypervisor}, {request.hypervisor} needed"
        return None


class Allocation:
    """Respects what operators disabled or took into maintenance, up to the zone."""

    name = "allocation"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        if not host.cluster_enabled:
            return "its cluster or pod is disabled"
        if host.resource_state != ENABLED:
            words = {"Disabled": "disabled", "Degraded": "written off (Degraded)"}
            return words.get(host.resource_state, f"in maintenance ({host.resource_state})")
        return None


class KeptForOthers:
    """Dedicated hosts take machines of the domain or account that they are kept for, and of nobody else."""

    name = "dedication"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        if not host.kept_for_domain:
            return None
        keeper = Keeper(host.kept_for_domain, host.kept_for_account)
        mine = keeper.admits(domain_path=request.domain_path, account_uuid=request.account_uuid)
        return None if mine else "kept for another account or domain"


class Connection:
    """Only hosts that answer."""

    name = "connection"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        return None if host.status == UP else f"not connected ({host.status})"


class Tags:
    """All tags that the offering asks for."""

    name = "tags"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        missing = [tag for tag in request.host_tags if tag not in host.tags]
        return f"lacks the tag {', '.join(missing)}" if missing else None


class Cores:
    """A machine never has more, or faster, CPUs than the host."""

    name = "cores"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        if host.cpus < request.cpus:
            return f"{host.cpus} CPUs, {request.cpus} needed"
        if host.cpu_mhz and host.cpu_mhz < request.cpu_mhz:
            return f"{host.cpu_mhz} MHz a CPU, {request.cpu_mhz} needed"
        return None


class Room:
    """Free CPU and memory, over-provisioning included."""

    name = "room"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        free_mib = host.memory_limit_mib - host.memory_used_mib
        if free_mib < request.memory_mib:
            return f"{max(free_mib, 0)} MiB free, {request.memory_mib} needed"
        free_mhz = host.cpu_limit_mhz - host.cpu_used_mhz
        needed_mhz = request.cpus * request.cpu_mhz
        if free_mhz < needed_mhz:
            return f"{max(free_mhz, 0)} MHz free, {needed_mhz} needed"
        return None


class Guests:
    """No more machines on one host than its hypervisor is allowed."""

    name = "guests"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        if host.guests_left is None or host.guests_left > 0:
            return None
        return "carries as many machines as its hypervisor is allowed"


class Pools:
    """The host must reach every pool that already holds a volume of the machine."""

    name = "pools"

    def refuse(self, request: PlacementRequest, host: HostCandidate) -> str | None:
        unseen = [uuid for uuid in request.pool_uuids if uuid not in host.pool_uuids]
        return f"cannot reach the machine's storage ({', '.join(unseen)})" if unseen else None


_ALWAYS = (Hypervisor(), Allocation(), KeptForOthers(), Connection(), Cores(), Room(), Guests())
_REQUESTED, _TAGS, _POOLS, _AFFINITY = RequestedHost(), Tags(), Pools(), AffinityFilter()


def core_filters(request: PlacementRequest) -> list[HostFilter]:
    """The filters that have anything to say to ``request``: a thousand hosts times one filter is a millisecond."""
    filters: list[HostFilter] = []
    if request.host_uuid or request.cluster_uuid or request.pod_uuid or request.avoid_hosts:
        filters.append(_REQUESTED)
    filters.extend(_ALWAYS)
    if request.host_tags:
        filters.append(_TAGS)
    if request.pool_uuids:
        filters.append(_POOLS)
    if request.affinity:
        filters.append(_AFFINITY)
    return filters
