"""Snapshots of whole machines: disks as they were at a moment, and memory where it was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from cloudstack.contracts.hypervisor import PowerState


@dataclass(frozen=True, kw_only=True)
class MachineSnapshot:
    """One snapshot as its hypervisor knows it. ``uuid`` is ours, given when it was taken."""

    uuid: str
    created: datetime
    description: str = ""
    parent_uuid: str = ""
    """The snapshot that the machine stood on when this one was taken; empty for the first."""
    current: bool = False
    """Whether the machine stands on this one now."""
    power: PowerState = PowerState.OFF
    """What the machine comes back to: on only with its memory."""


@runtime_checkable
class SupportsSnapshots(Protocol):
    """Idempotent by the snapshot's UUID. A machine with snapshots keeps its disks: they neither go nor shrink."""

    def take_snapshot(
        self, uuid: str, snapshot_uuid: str, *, description: str = "", memory: bool = False, quiesce: bool = False
    ) -> None:
        """Keep what the machine is now; with ``memory`` also what runs in it. ``NotFound`` without the machine.

        ``quiesce`` asks the guest to have its files in order before; without an answer the snapshot is not taken.
        """

    def revert_to_snapshot(self, uuid: str, snapshot_uuid: str) -> None:
        """Have the machine as it was; ``NotFound`` without it or the snapshot. Later snapshots stay."""

    def delete_snapshot(self, uuid: str, snapshot_uuid: str) -> None:
        """Forget it; those taken after it stay. An absent machine or snapshot is fine."""

    def snapshots(self, uuid: str) -> Sequence[MachineSnapshot]:
        """All of the machine, oldest first; ``NotFound`` without the machine."""
