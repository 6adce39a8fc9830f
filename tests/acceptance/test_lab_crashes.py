"""Processes die without a word while a real guest is being started: the job ends, and there is never a second guest."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.lab_cloud import KillAt, LabCloud, report, running_qemu
from tests.integration.lab.conftest import eventually

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("acceptance")]

START = "Start the machine on its host"
MOVING = ("Starting", "Stopping", "Migrating", "Expunging")


def instance_of(vm: str) -> str:
    return f"i-{vm.replace('-', '')[:12]}-VM"


@pytest.fixture
def leaves_nothing(cloud: LabCloud) -> Iterator[list[str]]:
    """UUIDs put into it are destroyed afterwards; then both hosts must be as before."""
    before = cloud.files()
    made: list[str] = []
    yield made
    for vm in made:
        # Also after a failed test: the next one finds the hosts empty.
        eventually(lambda vm=vm: is_settled(cloud, vm), seconds=240, what=f"end of what is done with {vm}")
        cloud.admin.destroyVirtualMachine(id=vm, expunge=True, fetch_result=True)
    assert cloud.domains() == {} and cloud.taps() == []
    # A libvirtd that died with its host leaves its own scratch folders behind, named domain-<number>.
    left = {name for name in cloud.files() - before if "/domain-" not in name}
    assert [name for name in left if cloud.template not in name] == []
    assert set(cloud.allocated().values()) == {0} == set(cloud.used(cloud.admin).values())


def is_settled(cloud: LabCloud, vm: str) -> bool:
    return cloud.machine(vm)["state"] not in MOVING


def starting(cloud: LabCloud, job: str, vm: str) -> bool:
    return cloud.step(job) == START


def booting(cloud: LabCloud, job: str, vm: str) -> bool:
    return bool(running_qemu(instance_of(vm)))


@pytest.mark.parametrize("moment", [starting, booting])
def test_the_worker_is_killed_while_the_guest_is_started(
    cloud: LabCloud, leaves_nothing: list[str], moment: Any, record_property: Any
) -> None:
    main = cloud.installation.main_pid("worker")
    assert main
    family = cloud.installation.pids("worker")
    asked = cloud.deploying(networkids=cloud.network["id"])
    vm, job = asked["id"], asked["jobid"]
    leaves_nothing.append(vm)

    def kill() -> None:
        # The processes of the pool first: the one that starts the guest must not get a moment more.
        for pid in [*sorted(set(family) - {main}), main]:
            os.kill(pid, signal.SIGKILL)

    with KillAt(lambda: moment(cloud, job, vm), kill):
        pass
    killed = time.monotonic()
    eventually(lambda: not set(family) & set(cloud.installation.pids("worker")), seconds=10, what="end of the worker")
    eventually(lambda: (cloud.installation.main_pid("worker") or main) != main, seconds=30, what="the worker is back")
    ended = cloud.ended(job)
    report(record_property, "job_ended_after_the_kill_s", round(time.monotonic() - killed, 1))
    assert ended["jobstatus"] == 1, ended
    machine = cloud.machine(vm)
    assert machine["state"] == "Running"
    assert cloud.where(machine) == [machine["hostname"]], "exactly one domain on both hosts together"
    assert len(running_qemu(instance_of(vm))) == 1
    cloud.guest(machine).reachable_by_ping()


def test_libvirtd_is_killed_while_the_guest_is_started(cloud: LabCloud, leaves_nothing: list[str]) -> None:
    before = cloud.lab.host("host1")["libvirtd_pid"]
    asked = cloud.deploying(networkids=cloud.network["id"], hostid=cloud.hosts["host1"])
    vm, job = asked["id"], asked["jobid"]
    leaves_nothing.append(vm)
    with KillAt(lambda: cloud.step(job) == START, lambda: os.kill(before, signal.SIGKILL)):
        pass
    ended = cloud.ended(job)
    settled_clearly(cloud, vm, ended)
    assert cloud.lab.host("host1")["libvirtd_pid"] not in (None, before)


def test_a_whole_host_is_killed_while_the_guest_is_started(cloud: LabCloud, leaves_nothing: list[str]) -> None:
    """Like a power cut: what ran there is reported stopped, and the new machine ends one way or the other."""
    other = cloud.deploy(networkids=cloud.network["id"], hostid=cloud.hosts["host2"])
    leaves_nothing.append(other["id"])
    before = cloud.init_pid("host2")
    asked = cloud.deploying(networkids=cloud.network["id"], hostid=cloud.hosts["host2"])
    vm, job = asked["id"], asked["jobid"]
    leaves_nothing.append(vm)
    with KillAt(lambda: cloud.step(job) == START, lambda: os.kill(before, signal.SIGKILL)):
        pass
    ended = cloud.ended(job)
    eventually(lambda: cloud.lab.host("host2")["state"] == "up", seconds=90, what="the keeper repairs the host")
    settled_clearly(cloud, vm, ended)
    eventually(
        lambda: cloud.machine(other["id"])["state"] == "Stopped",
        seconds=120,
        what="the machine that died with its host",
    )
    assert not Path(f"/proc/{before}").exists()


def settled_clearly(cloud: LabCloud, vm: str, ended: dict[str, Any]) -> None:
    """Either the machine runs, once, or it does not and the job says why in words for people."""
    machine = cloud.machine(vm)
    if ended["jobstatus"] == 1:
        assert machine["state"] == "Running"
        assert cloud.where(machine) == [machine["hostname"]]
        return
    text = ended["jobresult"]["errortext"]
    assert machine["state"] == "Error" and machine.get("hostname") is None
    assert text and "Traceback" not in text and "Error(" not in text
    assert cloud.where(machine) == []
