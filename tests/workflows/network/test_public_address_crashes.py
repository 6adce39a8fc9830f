"""A worker dies while public addresses change hands: the next one ends the job, and the counters stay true."""

import pytest

from apps.accounts.factories import UserFactory, caller_for
from apps.accounts.services.counting import recount_account
from apps.network.factories import NetworkFactory, PublicRangeFactory
from apps.network.models import Network, PublicIpAddress
from apps.network.services.networks import NetworkManager
from apps.network.services.public_addresses import PublicIpManager
from apps.network.states import PublicIpState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from tests.support.crashes import crash_everywhere

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None):
    return UserFactory()


@pytest.fixture
def pool(db: None):
    return PublicRangeFactory(size=40)


def test_acquiring(owner, pool) -> None:
    def acquire() -> PublicIpAddress:
        return PublicIpManager().associate(caller=caller_for(owner), zone=pool.physical_network.zone)[0]

    def check(address: PublicIpAddress, point: str) -> None:
        address.refresh_from_db()
        assert (address.state, address.removed) == (PublicIpState.ALLOCATED, None), point
        assert recount_account(owner.account) == {}, point

    crash_everywhere(acquire, check)


def test_giving_back(owner, pool) -> None:
    def give_back() -> PublicIpAddress:
        address, _ = PublicIpManager().associate(caller=caller_for(owner), zone=pool.physical_network.zone)
        run_jobs()
        address.refresh_from_db()
        PublicIpManager().disassociate(caller=caller_for(owner), address=address)
        return address

    def check(address: PublicIpAddress, point: str) -> None:
        assert PublicIpAddress.objects.get(number=address.number).state == PublicIpState.FREE, point
        assert PublicIpAddress.all_objects.get(pk=address.pk).removed is not None, point
        assert recount_account(owner.account) == {}, point

    crash_everywhere(give_back, check)


def test_a_cancelled_job_and_a_network_that_goes_first(owner, pool) -> None:
    network = NetworkFactory(account=owner.account, physical_network=pool.physical_network)
    NetworkManager().delete(caller=caller_for(owner), network=network)
    address, job = PublicIpManager().associate(caller=caller_for(owner), network=network)
    run_jobs()
    job.refresh_from_db()
    assert (job.status, job.error_code) == (AsyncJob.Status.FAILED, 536)
    assert "gone" in job.error_text
    assert Network.all_objects.get(pk=network.pk).removed is not None
    assert PublicIpAddress.objects.get(number=address.number).state == PublicIpState.FREE
