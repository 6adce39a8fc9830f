"""Many at once on PostgreSQL: never one public address in two hands, and the counters say what is held."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts.factories import UserFactory, caller_for
from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.accounts.services.counting import recount_account
from apps.network.factories import NetworkFactory, PublicRangeFactory
from apps.network.models import Network, PublicIpAddress
from apps.network.services.networks import NetworkManager
from apps.network.services.public_addresses import PublicIpManager
from apps.network.states import PublicIpState
from cloudstack.framework.errors import CloudError
from cloudstack.testing.jobs import run_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

WORKERS = 8


def at_once(count: int, act: Callable[[int], object]) -> list[object]:
    gate = threading.Barrier(min(count, WORKERS))

    def one(number: int) -> object:
        try:
            if number < WORKERS:
                gate.wait(20)
            return act(number)
        except CloudError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(count)))


def codes(results: list[object]) -> list[int]:
    return sorted(result.code for result in results if isinstance(result, CloudError))


def test_a_pool_is_given_out_exactly() -> None:
    zone = PublicRangeFactory(size=12).physical_network.zone
    callers = [caller_for(UserFactory()) for _ in range(4)]
    results = at_once(20, lambda number: PublicIpManager().associate(caller=callers[number % 4], zone=zone)[0].address)
    given = [result for result in results if isinstance(result, str)]
    assert len(given) == len(set(given)) == 12
    assert codes(results) == [533] * 8
    run_jobs()
    assert PublicIpAddress.objects.filter(state=PublicIpState.ALLOCATED).count() == 12
    assert (
        sum(
            ResourceCount.objects.filter(account__isnull=False, type=ResourceType.PUBLIC_IP).values_list(
                "count", flat=True
            )
        )
        == 12
    )


def test_a_limit_holds_and_one_wish_comes_true_once() -> None:
    zone = PublicRangeFactory(size=30).physical_network.zone
    user = UserFactory()
    ResourceLimit.objects.create(account=user.account, type=ResourceType.PUBLIC_IP, max=5)
    results = at_once(WORKERS, lambda _: PublicIpManager().associate(caller=caller_for(user), zone=zone)[0].address)
    assert codes(results) == [535] * 3
    others = [caller_for(UserFactory()) for _ in range(WORKERS)]
    wish = "203.0.113.40"
    results = at_once(
        WORKERS,
        lambda number: PublicIpManager().associate(caller=others[number], zone=zone, requested=wish)[0].address,
    )
    assert results.count(wish) == 1
    assert codes(results) == [536] * 7


def test_addresses_and_a_networks_deletion() -> None:
    """Whoever acquires for a network that is being deleted is refused, or the address goes with the network."""
    user = UserFactory()
    caller = caller_for(user)
    public = PublicRangeFactory()
    for _ in range(4):
        network = NetworkFactory(account=user.account, physical_network=public.physical_network)
        NetworkManager().delete(caller=caller, network=network)

        def act(number: int, network: Network = network) -> object:
            if number == 0:
                return run_jobs()
            return PublicIpManager().associate(caller=caller, network=network)[0].address

        at_once(4, act)
        run_jobs()
        assert Network.all_objects.get(pk=network.pk).removed is not None
        assert not PublicIpAddress.objects.filter(network=network).exists()
    assert PublicIpAddress.objects.filter(state=PublicIpState.FREE).count() == 8
    # The factory's networks were never counted; addresses were, and all of them are back.
    assert ResourceType.PUBLIC_IP not in recount_account(user.account)
