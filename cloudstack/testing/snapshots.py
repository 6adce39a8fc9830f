"""What drivers with snapshots must do; part of the suite in ``cloudstack.testing.hypervisor``."""

from typing import Any
from uuid import uuid4

import pytest

from cloudstack.contracts.errors import NotFound
from cloudstack.contracts.hypervisor import HypervisorDriver, PowerState, VmSpec
from cloudstack.contracts.snapshots import SupportsSnapshots
from cloudstack.testing.abilities import able


class SnapshotConformance:
    """The contract of :class:`cloudstack.contracts.snapshots.SupportsSnapshots` as tests."""

    def _taken(self, driver: HypervisorDriver, uuid: str, count: int) -> tuple[Any, list[str]]:
        keeper, names = able(driver, SupportsSnapshots), [str(uuid4()) for _ in range(count)]
        for name in names:
            keeper.take_snapshot(uuid, name, description=f"the one {name[:4]}")
        return keeper, names

    def test_snapshot_is_taken_once(self, driver: HypervisorDriver, running: VmSpec) -> None:
        keeper, [name] = self._taken(driver, running.uuid, 1)
        keeper.take_snapshot(running.uuid, name, description="again")
        [found] = keeper.snapshots(running.uuid)
        assert (found.uuid, found.description) == (name, f"the one {name[:4]}")
        assert found.current and found.parent_uuid == ""
        assert driver.power_state(running.uuid) is PowerState.ON

    def test_snapshots_stand_on_each_other(self, driver: HypervisorDriver, running: VmSpec) -> None:
        keeper, names = self._taken(driver, running.uuid, 3)
        found = keeper.snapshots(running.uuid)
        assert [one.uuid for one in found] == names
        assert [one.parent_uuid for one in found] == ["", *names[:2]]
        assert [one.uuid for one in found if one.current] == names[2:]

    def test_revert_makes_a_snapshot_the_present(self, driver: HypervisorDriver, running: VmSpec) -> None:
        keeper, names = self._taken(driver, running.uuid, 2)
        for name in (names[0], names[0], names[1]):
            keeper.revert_to_snapshot(running.uuid, name)
            found = keeper.snapshots(running.uuid)
            assert [one.uuid for one in found] == names
            assert [one.uuid for one in found if one.current] == [name]

    def test_deleted_snapshot_leaves_the_later_ones(self, driver: HypervisorDriver, running: VmSpec) -> None:
        keeper, names = self._taken(driver, running.uuid, 2)
        for _ in range(2):
            keeper.delete_snapshot(running.uuid, names[0])
            [left] = keeper.snapshots(running.uuid)
            assert (left.uuid, left.parent_uuid) == (names[1], "")
        keeper.delete_snapshot(running.uuid, names[1])
        assert list(keeper.snapshots(running.uuid)) == []

    def test_machine_with_snapshots_is_destroyed(self, driver: HypervisorDriver, running: VmSpec) -> None:
        self._taken(driver, running.uuid, 1)
        driver.destroy(running.uuid)
        assert driver.power_state(running.uuid) is PowerState.ABSENT
        driver.start(running)
        assert list(able(driver, SupportsSnapshots).snapshots(running.uuid)) == []

    def test_snapshots_of_what_is_not_there(self, driver: HypervisorDriver, running: VmSpec) -> None:
        keeper, nobody = able(driver, SupportsSnapshots), str(uuid4())
        for call in (
            lambda: keeper.take_snapshot(nobody, str(uuid4())),
            lambda: keeper.revert_to_snapshot(nobody, str(uuid4())),
            lambda: keeper.revert_to_snapshot(running.uuid, str(uuid4())),
            lambda: keeper.snapshots(nobody),
        ):
            with pytest.raises(NotFound):
                call()
        keeper.delete_snapshot(nobody, str(uuid4()))
        keeper.delete_snapshot(running.uuid, str(uuid4()))
