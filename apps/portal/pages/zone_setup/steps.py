"""The steps in their order: what each needs, and how far the zone has come with it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from apps.infrastructure.models import Zone
from apps.infrastructure.states import AllocationState
from apps.portal.pages.zone_setup import hosts, networks, places, storage
from apps.portal.pages.zone_setup.sections import Section, Shown, Work

DONE, BUSY, OPEN, CLOSED = "done", "busy", "open", "closed"
STATE_WORDS = {DONE: "done", BUSY: "not ready yet", OPEN: "to do", CLOSED: "not possible yet"}


@dataclass(frozen=True)
class Step:
    """A page of the set-up. ``has`` and ``ready`` name facts of the zone (see ``with_progress``)."""

    key: str
    title: str
    intro: str
    shown: Callable[[Work], Shown]
    sections: tuple[Section, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    """(fact, what to say while it is not so)."""
    has: tuple[str, ...] = ()
    """Any of these facts: something is there."""
    ready: tuple[str, ...] = ()
    """Any of these facts: the step is done."""

    def refusal(self, zone: Zone | None) -> str:
        """Why the step cannot be taken now; empty when it can."""
        if self.key == "zone":
            return ""
        if zone is None:
            return "make the zone first"
        return next((says for fact, says in self.needs if not getattr(zone, f"has_{fact}")), "")

    def state(self, zone: Zone | None) -> str:
        if zone is None:
            return OPEN if self.key == "zone" else CLOSED
        if self.key == "zone":
            return DONE
        if self.key == "launch":
            return DONE if zone.allocation_state == AllocationState.ENABLED else OPEN
        if any(getattr(zone, f"has_{fact}") for fact in self.ready):
            return DONE
        if any(getattr(zone, f"has_{fact}") for fact in self.has):
            return BUSY
        return CLOSED if self.refusal(zone) else OPEN


@dataclass
class Entry:
    """A step as the list beside the page shows it."""

    step: Step
    number: int
    state: str
    refusal: str
    words: str = field(init=False)

    def __post_init__(self) -> None:
        self.words = STATE_WORDS[self.state]


STEPS = (
    Step("zone", "Zone", "A data centre with its own networks, hosts and storage.", places.shown_zone, (places.ZONE,)),
    Step(
        "network", "Physical networks", "The wires between hosts, and what each carries. Most zones have one.",
        networks.shown_physical, (networks.PHYSICAL,), has=("guest_physical",), ready=("guest_physical_enabled",),
    ),
    Step(
        "pod", "Pod", "A part of the zone, often a rack, with its own management subnet.",
        places.shown_pods, (places.POD,), ready=("pod",),
    ),
    Step(
        "addresses", "Guest addresses",
        "Where machines get their addresses: in a shared network, or in isolated networks that tenants make.",
        networks.shown_addresses, (networks.SHARED, networks.PUBLIC),
        needs=(("guest_physical", "add a physical network that carries guest traffic first"),),
        ready=("shared_network", "numbers"),
    ),
    Step(
        "cluster", "Cluster", "Hosts of one hypervisor that share storage and can exchange machines.",
        places.shown_clusters, (places.CLUSTER,), needs=(("pod", "add a pod first"),), ready=("cluster",),
    ),
    Step(
        "host", "Hosts", "The machines that run the machines.",
        hosts.shown_hosts, (hosts.MEND, hosts.HOST), needs=(("cluster", "add a cluster first"),),
        has=("host",), ready=("host_up",),
    ),
    Step(
        "primary", "Primary storage", "Where the disks of machines live.",
        storage.shown_pools, (storage.POOL,), needs=(("cluster", "add a cluster first"),),
        has=("pool",), ready=("pool_up",),
    ),
    Step(
        "images", "Image storage", "Where templates and ISOs are kept.",
        storage.shown_stores, (storage.STORE,), has=("store",), ready=("store_known",),
    ),
    Step("launch", "Launch", "Everything is checked once more; then the zone takes machines.", lambda work: Shown()),
)  # fmt: skip
BY_KEY = {step.key: step for step in STEPS}


def entries(zone: Zone | None) -> list[Entry]:
    """All steps with how far the zone has come."""
    return [Entry(step, number, step.state(zone), step.refusal(zone)) for number, step in enumerate(STEPS, start=1)]


def next_step(step: Step) -> Step | None:
    """The one after ``step``."""
    position = STEPS.index(step) + 1
    return STEPS[position] if position < len(STEPS) else None


def resume_at(zone: Zone | None) -> Step:
    """The first step that is not done."""
    return next((one.step for one in entries(zone) if one.state != DONE), STEPS[-1])
