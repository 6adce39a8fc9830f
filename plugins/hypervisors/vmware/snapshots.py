"""Snapshots of machines. vSphere numbers them; ours are found by their name, which is our UUID."""

from collections.abc import Iterator, Sequence
from typing import Any

from cloudstack.contracts.errors import NotFound
from cloudstack.contracts.snapshots import MachineSnapshot
from plugins.hypervisors.vmware import machines
from plugins.hypervisors.vmware.rules import canonical_uuid
from plugins.hypervisors.vmware.vcenter import VCenter

SNAPSHOT = "snapshot"


def take(vc: VCenter, uuid: str, snapshot_uuid: str, *, description: str, memory: bool, quiesce: bool) -> None:
    name = canonical_uuid(snapshot_uuid, "snapshot")
    vm, told = machines.known(vc, uuid, SNAPSHOT)
    if _find(told, name) is not None:
        return
    running = told["runtime.powerState"] == machines.ON
    # vSphere refuses to have both: memory is kept as it is, files in whatever order.
    vc.wait(vm.CreateSnapshot_Task(name, description, memory and running, quiesce and running and not memory))


def revert(vc: VCenter, uuid: str, snapshot_uuid: str) -> None:
    _, told = machines.known(vc, uuid, SNAPSHOT)
    found = _find(told, snapshot_uuid)
    if found is None:
        raise NotFound(f"machine {uuid} has no snapshot {snapshot_uuid}")
    vc.wait(found.snapshot.RevertToSnapshot_Task(vc.host, False))


def delete(vc: VCenter, uuid: str, snapshot_uuid: str) -> None:
    vm, told = machines.found_here(vc, uuid, SNAPSHOT)
    found = _find(told, snapshot_uuid) if vm is not None else None
    if found is not None:
        vc.wait(found.snapshot.RemoveSnapshot_Task(False, True))


def all_of(vc: VCenter, uuid: str) -> Sequence[MachineSnapshot]:
    _, told = machines.known(vc, uuid, SNAPSHOT)
    info = told.get(SNAPSHOT)
    if info is None:
        return []
    found = [
        MachineSnapshot(
            uuid=tree.name,
            created=tree.createTime,
            description=tree.description or "",
            parent_uuid=parent,
            current=tree.snapshot == info.currentSnapshot,
            power=machines.POWER[tree.state],
        )
        for tree, parent in _walk(info.rootSnapshotList)
    ]
    return sorted(found, key=lambda one: one.created)


def _find(told: dict[str, Any], name: str) -> Any:
    info = told.get(SNAPSHOT)
    trees = _walk(info.rootSnapshotList) if info is not None else ()
    return next((tree for tree, _ in trees if tree.name == name), None)


def _walk(trees: Any, parent: str = "") -> Iterator[tuple[Any, str]]:
    """Every snapshot with the name of the one below it."""
    for tree in trees or ():
        yield tree, parent
        yield from _walk(tree.childSnapshotList, tree.name)
