"""Promises of capacity: never more than there is, never counted twice, always given back."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections

from apps.infrastructure.factories import HostFactory
from apps.infrastructure.models import CapacityReservation, Host, HostCapacity
from apps.infrastructure.services import capacity
from apps.infrastructure.states import ResourceState
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.configuration.store import forget
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.events.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def host() -> Host:
    return HostFactory(cpus=4, cpu_mhz=1000, memory_mib=4096)


def used(host: Host) -> tuple[int, int]:
    row = HostCapacity.objects.get(pk=host.pk)
    return row.cpu_used_mhz, row.memory_used_mib


def overprovision(name: str, host: Host, value: str) -> None:
    ConfigValue.objects.create(name=name, scope="cluster", scope_uuid=str(host.cluster.uuid), value=value)
    forget()


def test_promise_is_counted(host: Host) -> None:
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1000, memory_mib=1024)
    assert used(host) == (1000, 1024)


def test_same_promise_again_changes_nothing(host: Host) -> None:
    holder = uuid4()
    for _ in range(3):
        capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1000, memory_mib=1024)
    assert used(host) == (1000, 1024)
    assert capacity.reserved_on(holder_uuid=holder) == [str(host.uuid)]


def test_other_size_replaces_the_promise(host: Host) -> None:
    holder = uuid4()
    for cpu_mhz, memory_mib in ((1000, 1024), (2000, 512), (500, 4096)):
        capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=cpu_mhz, memory_mib=memory_mib)
        assert used(host) == (cpu_mhz, memory_mib)


@pytest.mark.parametrize(("cpu_mhz", "memory_mib"), [(4001, 1), (1, 4097)])
def test_promise_beyond_the_host_is_refused_and_leaves_nothing(host: Host, cpu_mhz: int, memory_mib: int) -> None:
    with pytest.raises(InsufficientCapacity):
        capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=cpu_mhz, memory_mib=memory_mib)
    assert used(host) == (0, 0)
    assert not CapacityReservation.objects.exists()


def test_growing_beyond_the_host_keeps_the_old_promise(host: Host) -> None:
    holder = uuid4()
    capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1000, memory_mib=1024)
    with pytest.raises(InsufficientCapacity):
        capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1000, memory_mib=5000)
    assert used(host) == (1000, 1024)
    assert CapacityReservation.objects.get().memory_mib == 1024


def test_exactly_full_is_possible(host: Host) -> None:
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=4000, memory_mib=4096)
    with pytest.raises(InsufficientCapacity):
        capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=0, memory_mib=1)


def test_overprovisioning_of_the_cluster_counts(host: Host) -> None:
    overprovision("cpu.overprovisioning.factor", host, "2")
    overprovision("mem.overprovisioning.factor", host, "1.5")
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=8000, memory_mib=6144)
    for cpu_mhz, memory_mib in ((1, 0), (0, 1)):
        with pytest.raises(InsufficientCapacity):
            capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=cpu_mhz, memory_mib=memory_mib)


def test_share_of_the_hypervisor_is_never_promised(host: Host) -> None:
    host.details["memory_reserved_mib"] = "1024"
    capacity.set_totals(host=host)
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1, memory_mib=3072)
    with pytest.raises(InsufficientCapacity):
        capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1, memory_mib=1)


@pytest.mark.parametrize("state", [ResourceState.DISABLED, ResourceState.PREPARE_FOR_MAINTENANCE])
def test_host_that_closed_after_it_was_chosen_promises_nothing_new(host: Host, state: str) -> None:
    old = uuid4()
    capacity.reserve(host=host, holder_uuid=old, cpu_mhz=1, memory_mib=1)
    Host.objects.filter(pk=host.pk).update(resource_state=state)
    with pytest.raises(InsufficientCapacity):
        capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1, memory_mib=1)
    capacity.reserve(host=host, holder_uuid=old, cpu_mhz=1, memory_mib=1)
    assert used(host) == (1, 1)


def test_release_gives_back_once(host: Host) -> None:
    holder, other = uuid4(), uuid4()
    second = HostFactory(cluster=host.cluster)
    for one in (host, second):
        capacity.reserve(host=one, holder_uuid=holder, cpu_mhz=1000, memory_mib=1024)
    capacity.reserve(host=host, holder_uuid=other, cpu_mhz=500, memory_mib=100)
    assert capacity.release(holder_uuid=holder, host=host) == 1
    assert (used(host), used(second)) == ((500, 100), (1000, 1024))
    assert capacity.release(holder_uuid=holder) == 1
    assert capacity.release(holder_uuid=holder) == 0
    assert (used(host), used(second)) == ((500, 100), (0, 0))


def test_promise_costs_three_statements_and_a_savepoint(host: Host, django_assert_max_num_queries) -> None:
    capacity.factors(host.cluster.uuid)  # settings are read once in five seconds
    with django_assert_max_num_queries(5):
        capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1, memory_mib=1)


def test_recount_repairs_and_reports_drift(host: Host) -> None:
    right = HostFactory(cluster=host.cluster)
    for one in (host, right):
        capacity.reserve(host=one, holder_uuid=uuid4(), cpu_mhz=1000, memory_mib=1024)
    HostCapacity.objects.filter(pk=host.pk).update(cpu_used_mhz=3333, memory_used_mib=0)
    seen = capacity.recount(repair=False)
    assert [(drift.host_uuid, drift.repaired) for drift in seen] == [(str(host.uuid), False)]
    assert used(host) == (3333, 0)
    [drift] = capacity.recount()
    assert (drift.cpu_counted, drift.cpu_reserved, drift.memory_reserved, drift.repaired) == (3333, 1000, 1024, True)
    assert used(host) == used(right) == (1000, 1024)
    assert capacity.recount() == []
    assert Event.objects.filter(type="CAPACITY.DRIFT", level="WARN", resource_uuid=host.uuid).count() == 2


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_never_promise_too_much() -> None:
    host = HostFactory(cpus=10, cpu_mhz=1000, memory_mib=10 * 1024)

    def promise(_: int) -> bool:
        try:
            capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=1000, memory_mib=1024)
        except InsufficientCapacity:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(promise, range(25)))
    assert sum(given) == 10
    assert used(host) == (10_000, 10 * 1024)


@pytest.mark.django_db(transaction=True)
def test_one_holder_releasing_from_many_places_gives_back_once() -> None:
    host = HostFactory()
    holder = uuid4()
    capacity.reserve(host=host, holder_uuid=holder, cpu_mhz=1000, memory_mib=1024)
    capacity.reserve(host=host, holder_uuid=uuid4(), cpu_mhz=10, memory_mib=10)

    def give_back(_: int) -> int:
        try:
            return capacity.release(holder_uuid=holder)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(give_back, range(12))) == 1
    assert used(host) == (10, 10)
