"""What happens in the simulated world by itself, and what tests ask of it."""

from typing import Any

from django.db.models import QuerySet

from cloudstack.contracts.hypervisor import PowerState
from plugins.hypervisors.simulator.models import Fault, SimulatedVm, SimulatedVolume, Violation


def guest_powers_off(vm_uuid: Any) -> bool:
    """The guest shuts itself down, as ``poweroff`` typed inside it would; False when it does not run."""
    return bool(SimulatedVm.objects.filter(vm_uuid=vm_uuid, power=PowerState.ON).update(power=PowerState.OFF))


def guest_vanishes(vm_uuid: Any) -> bool:
    """Somebody removes the machine behind the portal's back."""
    return bool(SimulatedVm.objects.filter(vm_uuid=vm_uuid).delete()[0])


def machines(vm_uuid: Any = None) -> "QuerySet[SimulatedVm]":
    """Definitions on all hosts, of one machine or of all."""
    everything = SimulatedVm.objects.order_by("pk")
    return everything if vm_uuid is None else everything.filter(vm_uuid=vm_uuid)


def running_on(vm_uuid: Any) -> list[str]:
    """UUIDs of the hosts on which the machine runs: one, or none."""
    hosts = SimulatedVm.objects.filter(vm_uuid=vm_uuid, power=PowerState.ON)
    return [str(uuid) for uuid in hosts.values_list("host_uuid", flat=True)]


def volumes(*, templates: bool = False) -> "QuerySet[SimulatedVolume]":
    """Volumes in all pools, or the cached templates."""
    return SimulatedVolume.objects.filter(is_template=templates).order_by("pk")


def violations() -> list[str]:
    """What was asked for and must never happen; a test asserts that this is empty."""
    return list(Violation.objects.order_by("pk").values_list("text", flat=True))


def inject(command: str, value: str, *, count: int | None = 1, **place: Any) -> Fault:
    """A fault for tests; ``place`` is any of ``zone_uuid``, ``pod_uuid``, ``cluster_uuid``, ``host_uuid``."""
    return Fault.objects.create(command=command, value=value, remaining=count, **place)


def record_violation(kind: str, text: str, *, object_uuid: Any = None, host_uuid: Any = None) -> None:
    """Write down what must never happen, outside of whatever is about to fail."""
    Violation.objects.create(kind=kind, text=text, object_uuid=object_uuid, host_uuid=host_uuid)
