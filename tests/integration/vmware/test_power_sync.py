"""A vCenter with a thousand machines: how soon the portal knows what runs, and how soon it hears of a change."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pyVmomi import vim

from cloudstack.contracts.hypervisor import PowerState
from lab import vcenter as lab_vcenter
from plugins.hypervisors.vmware import machines, power_watch
from plugins.hypervisors.vmware.driver import VmwareDriver
from plugins.hypervisors.vmware.session import pool
from plugins.hypervisors.vmware.vcenter import vcenter
from tests.integration.vmware.conftest import Center

pytestmark = pytest.mark.lab

MACHINES = 1000
BOUND_S = 2.0
UNMANAGED_BOUND_S = 30.0


@pytest.fixture(scope="module")
def crowd() -> Iterator[Center]:
    problems = lab_vcenter.problems()
    if problems:
        pytest.skip("; ".join(problems))
    with lab_vcenter.running(hosts=3, machines=MACHINES) as facts:
        yield Center(facts)


def test_a_thousand_machines_are_known_within_two_seconds(crowd: Center, record_property: Any) -> None:
    drivers = [VmwareDriver(crowd.host(number)) for number in range(3)]
    pool.close_all()
    began = time.perf_counter()
    found = [driver.power_states() for driver in drivers]
    sweep = time.perf_counter() - began
    assert sum(map(len, found)) == MACHINES
    assert set().union(*(set(states.values()) for states in found)) == {PowerState.ON}
    with vcenter(crowd.host(), "look") as vc, power_watch.all_machines(vc) as spec:
        began = time.perf_counter()
        updates = vc.updates(spec)
        first = next(updates)
        watch = time.perf_counter() - began
        updates.close()
    assert len(first) == MACHINES
    record_property("sweep_s", sweep)
    record_property("watch_s", watch)
    assert sweep < BOUND_S and watch < BOUND_S


def test_a_thousand_machines_of_others_are_told_with_their_hardware(crowd: Center, record_property: Any) -> None:
    """Hosts are asked for them every five minutes; each answers in one go."""
    drivers = [VmwareDriver(crowd.host(number)) for number in range(3)]
    began = time.perf_counter()
    found = [machine for driver in drivers for machine in driver.unmanaged_machines().values()]
    took = time.perf_counter() - began
    record_property("unmanaged_s", took)
    assert len(found) == MACHINES
    assert all(machine.disks and machine.nics and machine.details["boot_type"] for machine in found)
    assert took < UNMANAGED_BOUND_S


def test_all_hosts_hear_by_one_collector(crowd: Center, record_property: Any) -> None:
    """A machine that is switched off behind the portal's back is reported by its host, and by no other."""
    heard: list[tuple[str, str, PowerState]] = []
    done = threading.Event()
    drivers = [VmwareDriver(crowd.host(number)) for number in range(3)]
    threads = [
        threading.Thread(target=one.watch_power, args=(lambda *told: heard.append(told), done.is_set))
        for one in drivers
    ]
    for thread in threads:
        thread.start()
    time.sleep(3)
    try:
        assert sum(thread.name == "vcenter-power" for thread in threading.enumerate()) == 1
        with vcenter(crowd.host(), "switch off") as vc:
            states = vc.related(vc.host, "vm", vim.VirtualMachine, machines.STATES)
            vm, told = next(iter(states.items()))
            began = time.perf_counter()
            vc.wait(vm.PowerOffVM_Task())
        wanted = (crowd.host().uuid, told["config.instanceUuid"], PowerState.OFF)
        while wanted not in heard and time.perf_counter() - began < BOUND_S:
            time.sleep(0.01)
        record_property("heard_s", time.perf_counter() - began)
        assert heard == [wanted]
    finally:
        done.set()
        for thread in threads:
            thread.join(20)


def test_a_vcenter_that_is_gone_ends_the_watch(center: Center) -> None:
    from cloudstack.contracts.errors import DriverUnavailable

    host = center.host()
    with pytest.raises(DriverUnavailable):
        power_watch.watch(replace(host, url="https://127.0.0.1:9/a/b/c"), lambda *told: None, lambda: False)


def test_who_moves_is_told_of_at_the_new_place_first() -> None:
    on, off, gone = PowerState.ON, PowerState.OFF, PowerState.ABSENT
    told = power_watch.difference
    assert told(("a", "vm", on), ("b", "vm", on)) == [("b", "vm", on), ("a", "vm", gone)]
    assert told(("a", "vm", on), ("a", "vm", off)) == [("a", "vm", off)]
    assert told(None, ("a", "vm", on)) == [("a", "vm", on)]
    assert told(("a", "vm", off), None) == [("a", "vm", gone)]
    assert told(("a", "vm", on), ("a", "vm", on)) == told(None, None) == []
