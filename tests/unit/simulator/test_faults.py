"""Faults happen where, how often and in the way they were asked for."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections

from cloudstack.contracts.errors import DriverError, DriverTimeout, DriverUnavailable
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.contracts.storage import VolumeSpec
from plugins.hypervisors.simulator.faults import CRASH_VARIABLE, SimulatedCrash
from plugins.hypervisors.simulator.models import Fault
from plugins.hypervisors.simulator.storage import SimulatorStorageDriver
from plugins.hypervisors.simulator.testing import POOL, new_driver, new_machine
from plugins.hypervisors.simulator.world import inject

pytestmark = pytest.mark.django_db


def test_fault_happens_so_many_times() -> None:
    driver = new_driver()
    fault = inject("host_facts", "fault:out of order", count=2)
    for _ in range(2):
        with pytest.raises(DriverError, match="out of order") as caught:
            driver.host_facts()
        assert not caught.value.retryable
    driver.host_facts()
    fault.refresh_from_db()
    assert (fault.remaining, fault.used) == (0, 2)


def test_fault_without_a_count_stays() -> None:
    driver = new_driver()
    fault = inject("power_states", "unavailable:", count=None)
    for _ in range(3):
        with pytest.raises(DriverUnavailable) as caught:
            driver.power_states()
        assert caught.value.retryable
    fault.delete()
    driver.power_states()


def test_timeout_waits_and_may_be_retried() -> None:
    driver = new_driver()
    inject("host_facts", "timeout:120")
    began = time.monotonic()
    with pytest.raises(DriverTimeout) as caught:
        driver.host_facts()
    assert time.monotonic() - began >= 0.12
    assert caught.value.retryable


def test_delay_then_the_verb_is_done() -> None:
    driver = new_driver()
    spec = new_machine(driver.host)
    inject("start", "wait:100")
    began = time.monotonic()
    driver.start(spec)
    assert time.monotonic() - began >= 0.1
    assert driver.power_state(spec.uuid) is PowerState.ON


def test_fault_before_the_verb_leaves_nothing() -> None:
    driver = new_driver()
    spec = new_machine(driver.host)
    inject("start", "fault:no")
    with pytest.raises(DriverError):
        driver.start(spec)
    assert driver.power_state(spec.uuid) is PowerState.ABSENT


def test_fault_hits_its_place_only() -> None:
    zone, pod, cluster = str(uuid4()), str(uuid4()), str(uuid4())
    inside = new_driver("inside", zone_uuid=zone, pod_uuid=pod, cluster_uuid=cluster)
    beside = new_driver("beside", zone_uuid=zone, pod_uuid=pod, cluster_uuid=str(uuid4()))
    outside = new_driver("outside")
    for place, hit, missed in (
        ({"zone_uuid": zone}, (inside, beside), (outside,)),
        ({"pod_uuid": pod}, (inside, beside), (outside,)),
        ({"cluster_uuid": cluster}, (inside,), (beside, outside)),
        ({"host_uuid": inside.host.uuid}, (inside,), (beside, outside)),
        ({"zone_uuid": zone, "host_uuid": outside.host.uuid}, (), (inside, beside, outside)),
        ({}, (inside, beside, outside), ()),
    ):
        fault = inject("host_facts", "fault:here", count=None, **place)
        for driver in hit:
            with pytest.raises(DriverError):
                driver.host_facts()
        for driver in missed:
            driver.host_facts()
        fault.delete()


def test_storage_and_hypervisor_share_faults_by_host() -> None:
    driver = new_driver()
    storage = SimulatorStorageDriver(POOL, driver.host)
    inject("create_volume", "fault:disk full", host_uuid=driver.host.uuid)
    volume = VolumeSpec(uuid=str(uuid4()), name="v", size_bytes=1)
    with pytest.raises(DriverError, match="disk full"):
        storage.create_volume(volume)
    assert storage.create_volume(volume).size_bytes == 1


def test_crash_before_and_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CRASH_VARIABLE, "raise")
    driver = new_driver()
    spec = new_machine(driver.host)
    inject("start", "crash:before")
    with pytest.raises(SimulatedCrash):
        driver.start(spec)
    assert driver.power_state(spec.uuid) is PowerState.ABSENT
    inject("start", "crash:after")
    with pytest.raises(SimulatedCrash):
        driver.start(spec)
    assert driver.power_state(spec.uuid) is PowerState.ON
    driver.start(spec)


def test_nobody_catches_a_crash_by_accident() -> None:
    assert not issubclass(SimulatedCrash, Exception)


def test_without_the_variable_the_process_dies() -> None:
    program = "from plugins.hypervisors.simulator.faults import crash; import django; crash('start')"
    environment = {name: value for name, value in os.environ.items() if name != CRASH_VARIABLE}
    setup = "import django; django.setup(); "
    answer = subprocess.run([sys.executable, "-c", setup + program], env=environment, check=False, capture_output=True)
    assert answer.returncode == 137, answer.stderr[-500:]


@pytest.mark.django_db(transaction=True)
def test_one_use_hits_one_of_many_workers() -> None:
    driver = new_driver()
    Fault.objects.create(command="host_facts", value="fault:once", remaining=3)

    def ask(_: int) -> bool:
        try:
            driver.host_facts()
        except DriverError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(18)))
    assert answers.count(False) == 3
    assert Fault.objects.get().remaining == 0
