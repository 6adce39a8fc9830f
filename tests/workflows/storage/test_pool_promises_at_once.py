"""Many workers promise room on one pool at the same moment: never more than there is, never a wrong counter."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection

from apps.storage.factories import StoragePoolFactory
from apps.storage.models import PoolReservation, StoragePool
from apps.storage.services import allocation
from cloudstack.framework.errors import InsufficientCapacity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
GIB = 1 << 30


def at_once(count: int, act: Callable[[int], None]) -> None:
    start = threading.Barrier(count)
    errors: list[Exception] = []

    def run(number: int) -> None:
        try:
            start.wait(timeout=20)
            act(number)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []


@pytest.fixture
def pool() -> StoragePool:
    """Room for exactly 17 promises of 1 GiB: 10 GiB, twice promised, up to 85 %."""
    return StoragePoolFactory(capacity_bytes=10 * GIB)


def promised(pool: StoragePool) -> int:
    pool.refresh_from_db()
    assert pool.allocated_bytes == sum(PoolReservation.objects.filter(pool=pool).values_list("size_bytes", flat=True))
    return pool.allocated_bytes // GIB


def test_exactly_as_many_as_there_is_room_for(pool: StoragePool) -> None:
    outcome: list[str] = []

    def take(number: int) -> None:
        for _ in range(5):
            try:
                allocation.reserve(pool=pool, holder_uuid=uuid.uuid4(), size_bytes=GIB)
                outcome.append("yes")
            except InsufficientCapacity:
                outcome.append("no")

    at_once(6, take)
    assert (outcome.count("yes"), outcome.count("no")) == (17, 13)
    assert promised(pool) == 17


def test_one_holder_takes_once_however_often_it_asks(pool: StoragePool) -> None:
    holder = uuid.uuid4()
    at_once(6, lambda number: allocation.reserve(pool=pool, holder_uuid=holder, size_bytes=3 * GIB))
    assert promised(pool) == 3
    at_once(6, lambda number: allocation.release(holder_uuid=holder))
    assert promised(pool) == 0


def test_taking_growing_and_giving_back_at_once_keeps_the_counter_right(pool: StoragePool) -> None:
    holders = [uuid.uuid4() for _ in range(3)]

    def shuffle(number: int) -> None:
        for size in (1, 3, 2):
            holder = holders[number % 3]
            allocation.reserve(pool=pool, holder_uuid=holder, size_bytes=size * GIB)
            if number % 2:
                allocation.release(holder_uuid=holder)

    at_once(6, shuffle)
    promised(pool)
