"""Snapshots of simulated machines: they keep hardware and power, for there are no data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.snapshots import MachineSnapshot
from cloudstack.plugin.drivers import NotFound

KEPT = ("cpus", "memory_mib", "disks", "nics")


def take(machines: Any, snapshot_uuid: str, *, description: str, memory: bool, name: str) -> None:
    with transaction.atomic():
        vm = _locked(machines, name)
        known = vm.snapshots
        if _find(known, snapshot_uuid) is not None:
            return
        parent = next((one["uuid"] for one in known if one["current"]), "")
        facts = {
            "uuid": snapshot_uuid,
            "created": timezone.now().isoformat(),
            "description": description,
            "parent": parent,
            "current": True,
            "power": vm.power if memory else PowerState.OFF.value,
            "machine": {column: getattr(vm, column) for column in KEPT},
        }
        machines.update(snapshots=[*({**one, "current": False} for one in known), facts])


def revert(machines: Any, snapshot_uuid: str, *, name: str) -> None:
    with transaction.atomic():
        vm = _locked(machines, name)
        found = _find(vm.snapshots, snapshot_uuid)
        if found is None:
            raise NotFound(f"{name} has no snapshot {snapshot_uuid}")
        marked = [{**one, "current": one["uuid"] == snapshot_uuid} for one in vm.snapshots]
        machines.update(snapshots=marked, power=found["power"], **found["machine"])


def delete(machines: Any, snapshot_uuid: str) -> None:
    """Those that stood on it stand on what it stood on; so does the machine."""
    with transaction.atomic():
        vm = machines.select_for_update().first()
        gone = _find(vm.snapshots, snapshot_uuid) if vm is not None else None
        if gone is None:
            return
        left = [one for one in vm.snapshots if one is not gone]
        for one in left:
            one["parent"] = gone["parent"] if one["parent"] == snapshot_uuid else one["parent"]
            one["current"] = one["current"] or (gone["current"] and one["uuid"] == gone["parent"])
        machines.update(snapshots=left)


def all_of(machines: Any, *, name: str) -> Sequence[MachineSnapshot]:
    known = machines.values_list("snapshots", flat=True).first()
    if known is None:
        raise NotFound(f"{name} is not there")
    return [
        MachineSnapshot(
            uuid=one["uuid"],
            created=datetime.fromisoformat(one["created"]),
            description=one["description"],
            parent_uuid=one["parent"],
            current=one["current"],
            power=PowerState(one["power"]),
        )
        for one in known
    ]


def _locked(machines: Any, name: str) -> Any:
    vm = machines.select_for_update().first()
    if vm is None:
        raise NotFound(f"{name} is not there")
    return vm


def _find(known: list[dict[str, Any]], uuid: str) -> dict[str, Any] | None:
    return next((one for one in known if one["uuid"] == uuid), None)
