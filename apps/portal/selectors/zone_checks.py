"""What a zone needs before it can take machines: looked at, one sentence for each."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from apps.compute.models import ServiceOffering
from apps.compute.states import OfferingState as SizeState
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.states import AllocationState, HostStatus, ManagedState, ResourceState
from apps.network.models import (
    Network,
    NetworkOffering,
    NetworkServiceProvider,
    PhysicalNetwork,
    PhysicalNetworkTrafficType,
    VlanIpRange,
    VnetRange,
)
from apps.network.states import GuestType, OfferingState, PhysicalNetworkState, ProviderState, TrafficType
from apps.storage.models import ImageStore, StoragePool, Template
from apps.storage.states import PoolState
from cloudstack.framework.context import Caller

OK, ADVICE, WAIT, MISSING = "ok", "advice", "wait", "missing"
"""Fine; the zone works without it; a job is at it; the zone cannot take machines."""
NAMED = 3
GUEST_LINK = "guest_link"
"""Option of a host: its link for guest traffic, where the physical network names none."""
HostRow = tuple[str, str, str, str, str | None]
"""Name, status, what operators want of it, why it is not Up, its own link for guests."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: ``says`` how it is, ``remedy`` what to do, ``step`` of the set-up where."""

    key: str
    title: str
    state: str
    says: str
    remedy: str = ""
    step: str = ""


def zone_checks(*, caller: Caller, zone: Zone) -> list[Check]:
    """All checks of ``zone``, in the order of the set-up; a bounded number of statements."""
    physical = list(PhysicalNetwork.objects.filter(zone=zone).order_by("pk"))
    carried = list(PhysicalNetworkTrafficType.objects.filter(physical_network__in=physical))
    guest_on = {row.physical_network_id for row in carried if row.traffic_type == TrafficType.GUEST}
    for_guests = [one for one in physical if one.pk in guest_on]
    is_public = any(row.traffic_type == TrafficType.PUBLIC for row in carried)
    columns = ("name", "status", "resource_state", "status_reason", f"details__{GUEST_LINK}")
    hosts = list(Host.objects.filter(zone=zone).values_list(*columns).order_by("pk"))
    labelled = any(row.kvm_label for row in carried if row.traffic_type == TrafficType.GUEST)
    return [
        _physical(physical, for_guests),
        _router(for_guests),
        _pods(zone),
        _guests(zone, for_guests),
        *([_public(zone)] if is_public else []),
        _clusters(zone),
        _hosts(hosts),
        *([] if labelled or not hosts else [_links(hosts)]),
        _primary(zone),
        _images(zone),
        _templates(zone),
        _sizes(),
    ]


def _physical(physical: list[PhysicalNetwork], for_guests: list[PhysicalNetwork]) -> Check:
    about = ("network", "Physical network", "network")
    if not physical:
        return _missing(*about, "there is no physical network", "Add one that carries guest traffic.")
    if not for_guests:
        return _missing(*about, "no physical network carries guest traffic", "Add one that does.")
    waiting = [one for one in for_guests if one.state != PhysicalNetworkState.ENABLED]
    if len(waiting) == len(for_guests):
        says = f"physical network {waiting[0].name} is not enabled"
        return Check(*about[:2], WAIT, says, "Wait for its job, or look why it failed.", about[2])
    return Check(*about[:2], OK, f"{_names(one.name for one in for_guests)}: enabled, with guest traffic")


def _router(for_guests: list[PhysicalNetwork]) -> Check:
    about = ("router", "Network services", "network")
    enabled = NetworkServiceProvider.objects.filter(physical_network__in=for_guests, state=ProviderState.ENABLED)
    names = sorted(set(enabled.values_list("name", flat=True)))
    if not names:
        says = "no network element gives guests addresses (DHCP)"
        return Check(*about[:2], ADVICE, says, "Enable the virtual router as provider of the physical network.", "")
    return Check(*about[:2], OK, f"given by {_names(names)}")


def _pods(zone: Zone) -> Check:
    about = ("pod", "Pod", "pod")
    pods = list(Pod.objects.filter(zone=zone).order_by("pk"))
    if not pods:
        return _missing(*about, "there is no pod", "Add the first one.")
    if not any(pod.allocation_state == AllocationState.ENABLED for pod in pods):
        return _missing(*about, "every pod is disabled", "Enable one on its page.")
    bare = [pod.name for pod in pods if not pod.start_ip]
    if bare:
        says = f"{_names(bare)} has no addresses for the platform"
        return Check(*about[:2], ADVICE, says, "Give it a range with updatePod.", "")
    return Check(*about[:2], OK, f"{_names(pod.name for pod in pods)}: enabled, with addresses")


def _guests(zone: Zone, for_guests: list[PhysicalNetwork]) -> Check:
    about = ("guests", "Guest addresses", "addresses")
    shared = list(Network.objects.filter(zone=zone, guest_type=GuestType.SHARED).order_by("pk")[: NAMED + 1])
    numbers = list(VnetRange.objects.filter(physical_network__in=for_guests)[: NAMED + 1])
    kinds = set(NetworkOffering.objects.filter(state=OfferingState.ENABLED).values_list("guest_type", flat=True))
    if not shared and not numbers:
        says = "guests have neither a shared network nor numbers for networks of their own"
        return _missing(*about, says, "Add a shared network, or a physical network with numbers.")
    if not shared and GuestType.ISOLATED not in kinds:
        return _missing(
            *about, "no network offering for isolated networks is enabled", "Enable one, or add a shared network."
        )
    says = [f"shared network {_names(network.name for network in shared)}"] if shared else []
    says += [f"numbers {_names(map(str, numbers))} for isolated networks"] if numbers else []
    return Check(*about[:2], OK, "; ".join(says))


def _public(zone: Zone) -> Check:
    ranges = VlanIpRange.objects.filter(physical_network__zone=zone, network__isnull=True)
    found = list(ranges.order_by("pk")[: NAMED + 1])
    if not found:
        says = "public traffic is carried, but there are no public addresses"
        return Check(
            "public", "Public addresses", ADVICE, says, "Add a range if tenants are to have some.", "addresses"
        )
    return Check("public", "Public addresses", OK, _names(f"{one.start_ip}–{one.end_ip}" for one in found))


def _clusters(zone: Zone) -> Check:
    about = ("cluster", "Cluster", "cluster")
    clusters = list(Cluster.objects.filter(pod__zone=zone).order_by("pk"))
    if not clusters:
        return _missing(*about, "there is no cluster", "Add the first one.")
    usable = [
        one
        for one in clusters
        if one.allocation_state == AllocationState.ENABLED and one.managed_state == ManagedState.MANAGED
    ]
    if not usable:
        return _missing(*about, "every cluster is disabled or unmanaged", "Enable one on its page.")
    return Check(*about[:2], OK, _names(f"{one.name} ({one.hypervisor})" for one in usable))


def _links(hosts: list[HostRow]) -> Check:
    """Where the traffic type names no link, each host has to."""
    about = ("links", "Links for guests", "network")
    without = [name for name, _, _, _, link in hosts if not link]
    if not without:
        return Check(*about[:2], OK, f"each host names its own ({GUEST_LINK})")
    says = f"nothing says which link of {_names(without)} carries guest traffic"
    return _missing(
        *about, says, f"Name it for the physical network (updateTrafficType, kvmnetworklabel), or as option "
        f"{GUEST_LINK} of each host.",
    )  # fmt: skip


def _hosts(hosts: list[HostRow]) -> Check:
    about = ("host", "Hosts", "host")
    if not hosts:
        return _missing(*about, "there is no host", "Add the first one.")
    usable = [name for name, status, wanted, *_ in hosts if status == HostStatus.UP and wanted == ResourceState.ENABLED]
    counts = Counter(status for _, status, *_ in hosts)
    others = ", ".join(f"{count} {status}" for status, count in counts.items() if status != HostStatus.UP)
    if usable:
        says = f"{len(usable)} of {len(hosts)} take machines"
        if others:
            return Check(*about[:2], ADVICE, f"{says}; {others}", "Look why the others are not Up.", "host")
        return Check(*about[:2], OK, says)
    if counts[HostStatus.CONNECTING]:
        return Check(*about[:2], WAIT, f"no host is Up yet: {others}", "Wait until one has answered.", "host")
    if counts[HostStatus.UP]:
        return _missing(*about, "no host that is Up is enabled", "Enable one on its page.")
    reason = next((reason for _, _, _, reason, _ in hosts if reason), "")
    return _missing(*about, f"no host is Up: {reason or others}", "Mend what it says and try again.")


def _primary(zone: Zone) -> Check:
    about = ("primary", "Primary storage", "primary")
    pools = list(StoragePool.objects.filter(zone=zone).order_by("pk"))
    up = [pool.name for pool in pools if pool.state == PoolState.UP]
    if up:
        return Check(*about[:2], OK, f"{_names(up)}: Up")
    if any(pool.state == PoolState.INITIALIZED for pool in pools):
        return Check(*about[:2], WAIT, "the pool is being connected on its hosts", "Wait for its job.", "primary")
    if pools:
        return _missing(*about, f"no pool is Up; {pools[0].name} is {pools[0].state}", "Bring one back into use.")
    return _missing(*about, "there is no pool for volumes", "Add the first one.")


def _images(zone: Zone) -> Check:
    about = ("images", "Image storage", "images")
    stores = list(ImageStore.objects.filter(Q(zone=zone) | Q(zone__isnull=True)).order_by("pk"))
    known = [store.name for store in stores if store.facts_at is not None]
    if known:
        return Check(*about[:2], OK, _names(known))
    if stores:
        return Check(*about[:2], WAIT, f"{stores[0].name} has not answered yet", "Wait for its job.", "images")
    return _missing(*about, "there is no store for templates", "Add one.")


def _templates(zone: Zone) -> Check:
    if Template.objects.filter(template_zones__zone=zone).exists():
        return Check("templates", "Templates", OK, "machines can be made from what is there")
    return Check(
        "templates", "Templates", ADVICE, "there is none in the zone yet",
        "Register one with registerTemplate once the zone is launched.",
    )  # fmt: skip


def _sizes() -> Check:
    if ServiceOffering.objects.filter(state=SizeState.ACTIVE).exists():
        return Check("sizes", "Service offerings", OK, "machines have sizes to choose from")
    return Check(
        "sizes", "Service offerings", ADVICE, "there is none: nobody can deploy a machine",
        "Create one with createServiceOffering.",
    )  # fmt: skip


def _missing(key: str, title: str, step: str, says: str, remedy: str) -> Check:
    return Check(key, title, MISSING, says, remedy, step)


def _names(names: Iterable[str]) -> str:
    found = list(names)
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")
