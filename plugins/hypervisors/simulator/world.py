"""What happens in the simulated world by itself, and what tests ask of it."""

from typing import Any
from uuid import uuid4

from django.db.models import QuerySet

from cloudstack.contracts.hypervisor import PowerState
from plugins.hypervisors.simulator.models import Fault, SimulatedVm, SimulatedVolume, Violation


def guest_powers_off(vm_uuid: Any) -> bool:
    """The guest shuts itself down, as ``poweroff`` typed inside it would; False when it does not run."""
    return bool(SimulatedVm.objects.filter(vm_uuid=vm_uuid, power=PowerState.ON).update(power=PowerState.OFF))


def guest_vanishes(vm_uuid: Any) -> bool:
    """Somebody removes the machine behind the portal's back."""
    return bool(SimulatedVm.objects.filter(vm_uuid=vm_uuid).delete()[0])


def somebody_makes(
    name: str, *, host_uuid: Any, pool_uuid: Any, pool_path: str, bridge: str, disks: int = 1, **columns: Any
) -> "SimulatedVm":
    """A machine that is not the cloud's, with its disks of 1 GiB and a card in ``bridge``; it runs."""
    plugged = {}
    for number in range(disks):
        disk = uuid4()
        path = f"{pool_path.rstrip('/')}/volumes/{disk}"
        SimulatedVolume.objects.create(pool_uuid=pool_uuid, path=path, volume_uuid=disk, size_bytes=1 << 30)
        plugged[str(disk)] = {"pool": str(pool_uuid), "path": path, "device": number, "size_bytes": 1 << 30}
    mac = ":".join(["06", *(f"{byte:02x}" for byte in uuid4().bytes[:5])])
    facts = {"power": PowerState.ON, "cpus": 2, "memory_mib": 512, **columns}
    return SimulatedVm.objects.create(
        vm_uuid=uuid4(),
        host_uuid=host_uuid,
        name=name,
        managed=False,
        disks=plugged,
        nics={str(uuid4()): {"mac": mac, "bridge": bridge, "network": "", "ipv4": ""}},
        **facts,
    )


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
