"""What the driver does is what the guest sees; asked of the guest itself through its agent."""

import base64
import json
import time
from dataclasses import replace

import pytest

from cloudstack.contracts.errors import DriverTimeout
from cloudstack.testing.hypervisor import wait_for

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

import libvirt_qemu

from plugins.hypervisors.kvm.connection import session
from plugins.hypervisors.kvm.driver import KvmDriver

pytestmark = [pytest.mark.lab, pytest.mark.slow]

MIB = 1024 * 1024


class Guest:
    """A running guest whose agent runs commands."""

    def __init__(self, driver: KvmDriver, uuid: str):
        self.driver, self.uuid = driver, uuid

    def run(self, *argv: str) -> str:
        started = self._ask("guest-exec", path=argv[0], arg=list(argv[1:]), **{"capture-output": True})
        while not (status := self._ask("guest-exec-status", pid=started["pid"]))["exited"]:
            time.sleep(0.1)
        return base64.b64decode(status.get("out-data", "")).decode()

    def _ask(self, verb: str, **arguments: object) -> dict:
        order = json.dumps({"execute": verb, "arguments": arguments})
        with session(self.driver.host, verb) as conn:
            domain = conn.lookupByUUIDString(self.uuid)
            return json.loads(libvirt_qemu.qemuAgentCommand(domain, order, 20, 0))["return"]


@pytest.fixture(scope="module")
def machine(kvm_lab, guests):
    driver, spec = KvmDriver(kvm_lab.host(1)), guests.machine()
    driver.start(spec)
    kvm_lab.wait_until_ready(1, spec.uuid)
    yield driver, spec
    driver.destroy(spec.uuid)


@pytest.fixture(scope="module")
def guest(machine):
    guest = Guest(machine[0], machine[1].uuid)

    def agent_answers() -> bool:
        try:
            return guest.run("/bin/hostname") != ""
        except DriverTimeout:
            return False  # it is started just before the guest says that it is ready

    wait_for(agent_answers, 60)
    return guest


def test_seed(guest, machine):
    assert guest.run("/bin/hostname").strip() == machine[1].seed.hostname


def test_disk_comes_grows_and_goes(guest, guests, machine):
    driver, spec = machine
    disk = replace(guests.disk(), device_id=1)
    driver.attach_disk(spec.uuid, disk)
    wait_for(lambda: " vdb" in guest.run("/bin/cat", "/proc/partitions"), 20)
    assert guest.run("/bin/cat", "/sys/block/vdb/serial").strip() == disk.uuid.replace("-", "")[:20]
    assert int(guest.run("/bin/cat", "/sys/block/vdb/size")) * 512 == 64 * MIB
    driver.resize_disk(spec.uuid, replace(disk, size_bytes=96 * MIB))
    wait_for(lambda: int(guest.run("/bin/cat", "/sys/block/vdb/size")) * 512 == 96 * MIB, 20)
    driver.detach_disk(spec.uuid, disk)
    assert " vdb" not in guest.run("/bin/cat", "/proc/partitions")
    assert guests.storage.volume_facts(disk.path).size_bytes == 96 * MIB


def test_nic_comes_and_goes(guest, guests, machine):
    driver, spec = machine
    nic = replace(guests.nic(), device_id=1)
    driver.attach_nic(spec.uuid, nic)
    wait_for(lambda: nic.mac in guest.run("/bin/cat", "/sys/class/net/eth1/address"), 20)
    assert guest.run("/bin/cat", "/sys/class/net/eth1/mtu").strip() == str(nic.mtu)
    driver.detach_nic(spec.uuid, nic)
    wait_for(lambda: "eth1" not in guest.run("/bin/ls", "/sys/class/net"), 20)


def test_statistics_move_with_the_guest(guest, machine):
    driver, spec = machine
    before = driver.statistics()[spec.uuid]
    guest.run("/bin/sh", "-c", "dd if=/dev/urandom of=/var/tmp.bin bs=64k count=32 2>/dev/null && sync")
    wait_for(lambda: driver.statistics()[spec.uuid].disk_write_bytes > before.disk_write_bytes, 20)
    after = driver.statistics()[spec.uuid]
    assert after.cpu_time_ns > before.cpu_time_ns
    assert 0 < after.memory_used_mib < spec.memory_mib


def test_graceful_restart(guest, kvm_lab, machine):
    driver, spec = machine
    boots = guest.run("/bin/cat", "/proc/sys/kernel/random/boot_id")
    driver.reboot(spec.uuid)

    def restarted() -> bool:
        try:
            return guest.run("/bin/cat", "/proc/sys/kernel/random/boot_id") not in ("", boots)
        except Exception:
            return False  # no agent while it boots

    wait_for(restarted, 90)
