"""The whole installation goes down in order and comes back; guests do not survive it, what they are does."""

import time
from typing import Any

import pytest

from cloudstack.runtime import processes
from tests.acceptance.lab_cloud import LabCloud, report, running_qemu
from tests.integration.lab.conftest import eventually, leftovers

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("acceptance")]


def test_what_ran_is_stopped_after_a_restart_and_starts_again(cloud: LabCloud, record_property: Any) -> None:
    vm = cloud.deploy(networkids=cloud.network["id"])
    guest = cloud.guest(cloud.machine(vm["id"])).reachable_by_ping()
    prefix = cloud.lab.status["prefix"]
    report(record_property, "stop_s", round(cloud.installation.stop(), 1))
    assert processes.marked(cloud.installation.data) == []
    assert leftovers(prefix, cloud.installation.data) == []
    assert not running_qemu(vm["instancename"])

    took = cloud.installation.start()
    report(record_property, "later_start_s", round(took, 1))
    assert took < 60, "15 s on a quiet machine; tests share theirs"
    begun = time.monotonic()
    eventually(lambda: cloud.machine(vm["id"])["state"] == "Stopped", seconds=120, what="the machine is Stopped")
    report(record_property, "settled_after_ready_s", round(time.monotonic() - begun, 1))
    assert cloud.domains() == {} and set(cloud.allocated().values()) == {0}
    cloud.admin.startVirtualMachine(id=vm["id"], fetch_result=True)
    again = cloud.guest(cloud.machine(vm["id"])).reachable_by_ping()
    assert again.ip == guest.ip
    cloud.admin.destroyVirtualMachine(id=vm["id"], expunge=True, fetch_result=True)
    assert cloud.domains() == {} and cloud.taps() == []
