"""Fifty deployments at once for an account that may have twenty machines: exactly twenty, and thirty clear refusals."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cs import CloudStack, CloudStackApiException
from django.db import connection, connections

from apps.accounts.models import ApiKeyPair, ResourceCount, ResourceLimit, ResourceType
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import Nic, VirtualMachine
from apps.network.models import IpAllocation
from apps.storage.models import Volume
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ASKED, ALLOWED = 50, 20


@pytest.fixture
def shared_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedCloud]:
    """A cloud that threads and processes see: it is committed."""
    # Threads of the live server would keep their connections, and a database in use cannot be dropped.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    forget_rules()
    store.forget()
    built = build_cloud()
    ResourceLimit.objects.create(account=built.account, type=ResourceType.USER_VM, max=ALLOWED)
    yield built
    forget_rules()
    store.forget()


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of ``count`` threads got or was refused with; all begin at the same moment."""
    outcomes: list[Any] = [None] * count
    gate = threading.Barrier(count)

    def run(position: int) -> None:
        gate.wait()
        try:
            outcomes[position] = act(position)
        except Exception as error:
            outcomes[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(position,)) for position in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return outcomes


def check_outcome(cloud: SimulatedCloud, codes: Counter[Any]) -> None:
    assert codes == {"made": ALLOWED, 535: ASKED - ALLOWED}, codes
    assert VirtualMachine.all_objects.count() == Nic.all_objects.count() == Volume.all_objects.count() == ALLOWED
    assert AsyncJob.objects.filter(name="compute.vm.deploy").count() == ALLOWED
    addresses = list(IpAllocation.objects.filter(purpose="nic").values_list("address", flat=True))
    assert len(addresses) == len(set(addresses)) == ALLOWED
    run_jobs()
    assert set(VirtualMachine.objects.values_list("state", flat=True)) == {"Running"}
    check_invariants()
    for owner in ({"account": cloud.account}, {"domain": cloud.account.domain}):
        assert ResourceCount.objects.get(type=ResourceType.USER_VM, **owner).count == ALLOWED


@pytest.mark.postgres
def test_in_threads_with_a_connection_each(shared_cloud: SimulatedCloud) -> None:
    def deploy(position: int) -> str:
        assert shared_cloud.deploy()["jobid"]
        return "made"

    outcomes = together(ASKED, deploy)
    refusals = [error for error in outcomes if isinstance(error, ApiError)]
    assert all("limit 20, used 20, asked 1" in error.text and "'user_vm'" in error.text for error in refusals)
    check_outcome(shared_cloud, Counter(error.code if isinstance(error, ApiError) else error for error in outcomes))


def test_over_http_with_the_client_from_pypi(live_server: Any, shared_cloud: SimulatedCloud) -> None:
    """On SQLite, too: writers wait for one another and nobody is turned away for that."""
    pair = ApiKeyPair.objects.get(user__account=shared_cloud.account)
    needed = {
        "zoneid": str(shared_cloud.zone.uuid),
        "templateid": str(shared_cloud.template.uuid),
        "serviceofferingid": str(shared_cloud.offering.uuid),
        "networkids": str(shared_cloud.network.uuid),
    }

    def deploy(position: int) -> str:
        client = CloudStack(
            endpoint=f"{live_server.url}/client/api", key=pair.api_key, secret=pair.secret_key.reveal(), timeout=90
        )
        assert client.deployVirtualMachine(**needed)["jobid"]
        return "made"

    outcomes = together(ASKED, deploy)
    codes = Counter(
        error.error["errorcode"] if isinstance(error, CloudStackApiException) else error for error in outcomes
    )
    check_outcome(shared_cloud, codes)
