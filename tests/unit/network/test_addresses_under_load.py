"""Many at once on PostgreSQL: never one address, MAC address or number in two hands."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from apps.accounts.factories import root_caller
from apps.network.factories import NetworkFactory, PhysicalNetworkFactory
from apps.network.models import IpAllocation, MacAllocation, Network, VniAllocation
from apps.network.services.addresses import reserve_nic
from apps.network.services.networks import NetworkManager
from apps.network.services.vnis import hold_vni
from cloudstack.framework.errors import CloudError, InsufficientAddressCapacity
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

WORKERS = 8


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Results, or the ``CloudError`` raised, of ``count`` calls in transactions that overlap."""
    gate = threading.Barrier(min(count, WORKERS))

    def one(number: int) -> object:
        try:
            if number < WORKERS:
                gate.wait(20)
            with transaction.atomic():
                return act(number)
        except CloudError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(count)))


def test_a_small_network_is_given_out_exactly() -> None:
    network = NetworkFactory(cidr="10.9.0.0/27")
    room = 32 - 4
    results = at_once(room + 12, lambda _: reserve_nic(network=network, nic_uuid=uuid.uuid4()).ipv4)
    given = [one for one in results if isinstance(one, str)]
    assert len(given) == len(set(given)) == room
    assert sum(isinstance(one, InsufficientAddressCapacity) for one in results) == 12
    assert IpAllocation.objects.count() == room + 1
    assert MacAllocation.objects.count() == room


def test_one_wish_comes_true_once() -> None:
    network = NetworkFactory(cidr="10.9.0.0/24")
    results = at_once(
        WORKERS, lambda _: reserve_nic(network=network, nic_uuid=uuid.uuid4(), requested_ip="10.9.0.77").ipv4
    )
    assert results.count("10.9.0.77") == 1
    assert sum(getattr(one, "code", 0) == 536 for one in results) == WORKERS - 1


def test_the_same_card_at_once_gets_one_address() -> None:
    network, nic = NetworkFactory(cidr="10.9.0.0/24"), uuid.uuid4()
    results = at_once(WORKERS, lambda _: reserve_nic(network=network, nic_uuid=nic))
    assert len(set(results)) == 1
    assert IpAllocation.objects.filter(holder_uuid=nic).count() == 1


def test_numbers_of_a_zone_are_given_out_exactly() -> None:
    physical = PhysicalNetworkFactory(vnis=(100, 109))
    networks = [NetworkFactory(physical_network=physical) for _ in range(14)]
    results = at_once(len(networks), lambda number: hold_vni(network=networks[number]))
    given = [one for one in results if isinstance(one, int)]
    assert sorted(given) == list(range(100, 110))
    assert VniAllocation.objects.count() == 10


def test_a_card_and_a_deletion_never_both_win() -> None:
    root = root_caller()
    for _ in range(6):
        network = NetworkFactory(cidr="10.9.0.0/24")
        NetworkManager().delete(caller=root, network=network)
        start = threading.Barrier(2)

        def plug(network: Network = network, start: threading.Barrier = start) -> object:
            try:
                start.wait(20)
                with transaction.atomic():
                    return reserve_nic(network=network, nic_uuid=uuid.uuid4())
            except CloudError as error:
                return error
            finally:
                connection.close()

        def delete(start: threading.Barrier = start) -> None:
            try:
                start.wait(20)
                run_jobs()
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            card, gone = pool.submit(plug), pool.submit(delete)
            gone.result()
            plugged = not isinstance(card.result(), CloudError)
        removed = Network.all_objects.get(pk=network.pk).removed is not None
        assert plugged != removed
        assert MacAllocation.objects.filter(network=network).exists() == plugged
    assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()
