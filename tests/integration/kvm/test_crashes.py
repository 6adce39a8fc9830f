"""Workers die and libvirtd dies, at any moment; the next call finds its way and there is one machine."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cloudstack.contracts.errors import DriverError, DriverUnavailable
from cloudstack.contracts.hypervisor import PowerState, VmSpec
from cloudstack.testing.hypervisor import wait_for

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from plugins.hypervisors.kvm.driver import KvmDriver
from plugins.hypervisors.kvm.storage import DirectoryPoolDriver

pytestmark = [pytest.mark.lab, pytest.mark.slow]

REPO = Path(__file__).resolve().parents[3]
CHILD = Path(__file__).with_name("crash_child.py")


@pytest.fixture
def die_when(tmp_path):
    """Run one driver call in a process of its own and kill that as soon as ``condition()`` holds."""

    def run(condition: Callable[[], bool], verb: str, *arguments: object) -> None:
        order = tmp_path / "order"
        order.write_bytes(pickle.dumps((verb, arguments)))
        child = subprocess.Popen([sys.executable, str(CHILD), str(order)], env=os.environ | {"PYTHONPATH": str(REPO)})
        try:
            deadline = time.monotonic() + 60
            while not condition():
                assert child.poll() is None, f"{verb} ended with {child.returncode} before it could be killed"
                assert time.monotonic() < deadline, f"{verb} never came so far"
                time.sleep(0.002)
        finally:
            child.send_signal(signal.SIGKILL)
            assert child.wait(10) == -signal.SIGKILL

    return run


def processes_of(vm_uuid: str) -> int:
    """How many QEMU processes on this machine run the guest."""
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            count += words[0].endswith(b"qemu-system-x86_64") and vm_uuid.encode() in words
    return count


@pytest.mark.parametrize("moment", ["seed", "definition", "process"])
def test_worker_killed_while_it_starts_a_machine(kvm_lab, guests, die_when, moment):
    driver, spec = KvmDriver(kvm_lab.host(1)), guests.machine()
    reached = {
        "seed": kvm_lab.file(1, f"/var/lib/libvirt/cloudstack-seeds/seed-{spec.uuid}.iso").exists,
        "definition": kvm_lab.file(1, f"/etc/libvirt/qemu/{spec.name}.xml").exists,
        "process": lambda: processes_of(spec.uuid) == 1,
    }
    try:
        die_when(reached[moment], "start", driver.host, spec)
        driver.start(spec)
        assert driver.power_state(spec.uuid) is PowerState.ON
        assert processes_of(spec.uuid) == 1
        kvm_lab.wait_until_ready(1, spec.uuid)  # the seed and the disk are whole
    finally:
        driver.destroy(spec.uuid)
    assert processes_of(spec.uuid) == 0


@pytest.mark.parametrize("between_hosts", [False, True], ids=["through the worker", "between the hosts"])
def test_worker_killed_while_it_moves_a_machine(kvm_lab, guests, die_when, between_hosts):
    details = {"libvirt_migrate_uri": kvm_lab.status["hosts"][1]["migration_uri"]} if between_hosts else {}
    source, target = KvmDriver(kvm_lab.host(1)), KvmDriver(kvm_lab.host(2, **details))
    spec = guests.machine()
    try:
        source.start(spec)
        kvm_lab.wait_until_ready(1, spec.uuid)
        target.prepare_migration(spec)
        die_when(lambda: processes_of(spec.uuid) == 2, "migrate", source.host, spec, target.host)
        target.prepare_migration(spec)
        assert PowerState.ON in (source.power_state(spec.uuid), target.power_state(spec.uuid))
        _until_moved(source, target, spec)
        assert target.power_state(spec.uuid) is PowerState.ON
        assert source.power_state(spec.uuid) is PowerState.ABSENT
        wait_for(lambda: processes_of(spec.uuid) == 1, 10)
    finally:
        source.destroy(spec.uuid)
        target.destroy(spec.uuid)
    assert processes_of(spec.uuid) == 0


def _until_moved(source: KvmDriver, target: KvmDriver, spec: VmSpec) -> None:
    """Ask again as the job engine would: libvirt may still be clearing the dead worker's move away, and says so."""
    deadline = time.monotonic() + 60
    while True:
        try:
            source.migrate(spec, target.host)
            return
        except DriverError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def test_worker_killed_while_it_copies_a_template(kvm_lab, kvm_template, die_when):
    spec, image = replace(kvm_template[0], uuid=str(uuid.uuid4())), kvm_template[1]
    storage = DirectoryPoolDriver(kvm_lab.pool, kvm_lab.host(1))
    storage.connect()
    partial = Path(kvm_lab.pool_path) / f"template-{spec.uuid}.qcow2"
    whole = image.stat().st_size

    def half_way() -> bool:
        return partial.exists() and partial.stat().st_size > whole // 3

    die_when(half_way, "cache", kvm_lab.pool, kvm_lab.host(1), spec, str(image))
    assert partial.stat().st_size < whole
    with image.open("rb") as source:
        path = storage.cache_template(spec, source)
    assert Path(path).read_bytes() == image.read_bytes()
    storage.delete_volume(path)


def test_libvirtd_dies_under_us(kvm_lab, guests):
    driver, spec = KvmDriver(kvm_lab.host(1)), guests.machine()
    lost: list[Exception] = []

    def watch() -> None:
        try:
            driver.watch_power(lambda *report: None, lambda: False)
        except DriverUnavailable as error:
            lost.append(error)

    try:
        driver.start(spec)
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        time.sleep(0.5)
        os.kill(kvm_lab.status["hosts"][0]["libvirtd_pid"], signal.SIGKILL)
        watcher.join(20)
        assert lost, "the watcher did not notice"
        assert lost[0].retryable
        deadline = time.monotonic() + 30
        while True:
            try:
                state = driver.power_state(spec.uuid)
                break
            except DriverUnavailable as error:
                assert error.retryable
                assert time.monotonic() < deadline, "libvirtd did not come back"
                time.sleep(0.2)
        assert state is PowerState.ON
        driver.start(spec)
        assert processes_of(spec.uuid) == 1
    finally:
        driver.destroy(spec.uuid)
