"""Places kept for a domain or an account: who lands there, who does not, and who even sees the zone."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.accounts.models import Account
from apps.compute.models import VirtualMachine
from apps.infrastructure.models import Dedication, Host, Zone
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, check_invariants, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def friend(cloud: SimulatedCloud) -> Account:
    """Somebody below the domain that things are kept for."""
    return AccountFactory(name="friend", domain=DomainFactory(name="inside"))


def done(root: ApiClient, command: str, **params: Any) -> dict[str, Any]:
    answer = root.call(command, **params)
    run_jobs()
    job: dict[str, Any] = root.call("queryAsyncJobResult", jobid=answer["jobid"])
    return job


def keep(cloud: SimulatedCloud, kind: str, place: Any, account: Account, *, alone: bool = False) -> dict[str, Any]:
    more = {"account": account.name} if alone else {}
    job = done(
        cloud.admin,
        f"dedicate{kind.capitalize()}",
        **{f"{kind}id": place.uuid},
        domainid=account.domain.uuid,
        **more,
    )
    assert job["jobstatus"] == 1, job
    shown: dict[str, Any] = job["jobresult"][f"dedicated{kind}"]
    return shown


def place_of(machine: dict[str, Any]) -> int | None:
    run_jobs()
    return VirtualMachine.objects.get(uuid=machine["id"]).host_id


def fate(cloud: SimulatedCloud, machine: dict[str, Any]) -> str:
    run_jobs()
    job = cloud.admin.call("queryAsyncJobResult", jobid=machine["jobid"])
    return str(job["jobresult"].get("errortext", "runs"))


def test_host_takes_only_machines_of_its_domain_and_they_come_first(cloud: SimulatedCloud, friend: Account) -> None:
    host = cloud.hosts[0]
    shown = keep(cloud, "host", host, friend)
    assert (shown["hostid"], shown["hostname"]) == (str(host.uuid), host.name)
    assert shown["domainid"] == str(friend.domain.uuid) and "accountid" not in shown
    assert cloud.admin.items("listDedicatedHosts") == [shown]
    assert Event.objects.filter(type="DEDICATE.RESOURCE", state="Completed").exists()
    mine = [place_of(cloud.deploy(client_of(friend))) for _ in range(3)]
    assert mine == [host.pk] * 3
    others = {place_of(cloud.deploy()) for _ in range(4)}
    assert host.pk not in others and None not in others
    check_invariants()


def test_an_account_alone_keeps_its_neighbours_out(cloud: SimulatedCloud, friend: Account) -> None:
    beside = AccountFactory(domain=friend.domain)
    shown = keep(cloud, "cluster", cloud.hosts[0].cluster, friend, alone=True)
    assert shown["accountid"] == str(friend.uuid)
    inside = set(Host.objects.filter(cluster=cloud.hosts[0].cluster).values_list("pk", flat=True))
    assert place_of(cloud.deploy(client_of(friend))) in inside
    assert place_of(cloud.deploy(client_of(beside))) not in inside
    [listed] = cloud.admin.items("listDedicatedClusters", account="friend", domainid=friend.domain.uuid)
    assert listed == shown
    assert cloud.admin.items("listDedicatedClusters", account="nobody") == []


def test_the_whole_pod_is_closed_to_others_until_it_is_released(cloud: SimulatedCloud, friend: Account) -> None:
    pod = cloud.hosts[0].pod
    keep(cloud, "pod", pod, friend)
    assert "none of" in fate(cloud, cloud.deploy())
    job = AsyncJob.objects.get(name="compute.vm.deploy")
    assert any("kept for another account or domain" in line.text for line in job.log_lines.all())
    assert done(cloud.admin, "releaseDedicatedPod", podid=pod.uuid)["jobresult"] == {"success": True}
    assert fate(cloud, cloud.deploy()) == "runs"
    assert not Dedication.objects.exists()


def test_zone_is_seen_by_its_keepers_alone(cloud: SimulatedCloud, friend: Account) -> None:
    beside = client_of(AccountFactory(domain=friend.domain))
    keep(cloud, "zone", cloud.zone, friend, alone=True)
    assert len(client_of(friend).items("listZones")) == 1
    assert beside.items("listZones") == cloud.api.items("listZones") == []
    [shown] = cloud.admin.items("listZones")
    assert shown["domainid"] == str(friend.domain.uuid)
    zone = cloud.admin.call("updateZone", id=cloud.zone.uuid, ispublic=True)["zone"]
    assert "domainid" not in zone and len(cloud.api.items("listZones")) == 1
    assert cloud.admin.items("listDedicatedZones") == []


def test_zone_born_for_a_domain_is_dedicated_to_it(cloud: SimulatedCloud, friend: Account) -> None:
    values = {"name": "z9", "networktype": "Advanced", "dns1": "192.0.2.1", "internaldns1": "192.0.2.2"}
    zone = cloud.admin.call("createZone", **values, domainid=friend.domain.uuid)["zone"]
    [shown] = cloud.admin.items("listDedicatedZones", zoneid=zone["id"])
    assert shown["domainid"] == str(friend.domain.uuid)
    cloud.admin.call("deleteZone", id=zone["id"])
    assert not Dedication.objects.exists()


def test_what_stands_inside_is_kept_for_the_same_or_fewer(cloud: SimulatedCloud, friend: Account, refusal) -> None:
    host = cloud.hosts[0]
    stranger = AccountFactory(domain=DomainFactory(name="elsewhere"))
    keep(cloud, "pod", host.pod, friend)
    error = refusal(cloud.admin, "dedicateHost", hostid=host.uuid, domainid=stranger.domain.uuid)
    assert (error.code, "stands in a pod" in error.text) == (431, True)
    keep(cloud, "host", host, friend, alone=True)
    error = refusal(cloud.admin, "dedicateZone", zoneid=cloud.zone.uuid, domainid=stranger.domain.uuid)
    assert (error.code, "release it first" in error.text) == (431, True)
    error = refusal(cloud.admin, "dedicateHost", hostid=host.uuid, domainid=friend.domain.uuid)
    assert (error.code, "already" in error.text) == (431, True)
    assert Dedication.objects.count() == 2


def test_machines_of_others_are_in_the_way(cloud: SimulatedCloud, friend: Account, refusal) -> None:
    pk = place_of(cloud.deploy())
    host = Host.objects.get(pk=pk)
    error = refusal(cloud.admin, "dedicateHost", hostid=host.uuid, domainid=friend.domain.uuid)
    assert (error.code, "1 machines of others" in error.text) == (536, True)
    assert not Dedication.objects.exists()
    assert keep(cloud, "host", host, cloud.account, alone=True)["accountid"] == str(cloud.account.uuid)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"account": "nobody"}, "account"), ({"domainid": "none"}, "domainid"), ({"hostid": "none"}, "hostid")],
)
def test_bad_values_are_named_and_leave_nothing(
    cloud: SimulatedCloud, friend: Account, change: dict[str, Any], word: str, refusal
) -> None:
    values = {"hostid": cloud.hosts[0].uuid, "domainid": friend.domain.uuid, **change}
    jobs = AsyncJob.objects.count()
    error = refusal(cloud.admin, "dedicateHost", **values)
    assert error.code == 431 and word in error.text
    assert AsyncJob.objects.count() == jobs and not Dedication.objects.exists()


def test_what_is_not_dedicated_is_not_released(cloud: SimulatedCloud, refusal) -> None:
    error = refusal(cloud.admin, "releaseDedicatedHost", hostid=cloud.hosts[0].uuid)
    assert (error.code, "not dedicated" in error.text) == (431, True)
    assert refusal(cloud.admin, "updateZone", id=cloud.zone.uuid, ispublic=False).code == 431


def test_tenants_neither_dedicate_nor_list(cloud: SimulatedCloud, friend: Account, refusal) -> None:
    for command in ("dedicateHost", "listDedicatedHosts", "releaseDedicatedHost"):
        error = refusal(cloud.api, command, hostid=cloud.hosts[0].uuid, domainid=friend.domain.uuid)
        assert error.code == 432


def test_dedication_ends_with_the_one_it_was_for(cloud: SimulatedCloud, friend: Account) -> None:
    keep(cloud, "host", cloud.hosts[0], friend, alone=True)
    assert done(cloud.admin, "deleteAccount", id=friend.uuid)["jobstatus"] == 1
    assert not Dedication.objects.exists()


def test_a_zone_of_an_account_is_not_opened_by_deleting_the_account(
    cloud: SimulatedCloud, friend: Account, refusal
) -> None:
    keep(cloud, "zone", cloud.zone, friend, alone=True)
    error = refusal(cloud.admin, "deleteAccount", id=friend.uuid)
    assert "kept for it" in error.text
    assert Zone.objects.get().domain == friend.domain


def test_the_list_costs_the_same_for_many(cloud: SimulatedCloud, friend: Account) -> None:

    def statements() -> int:
        with CaptureQueriesContext(connection) as seen:
            cloud.admin.call("listDedicatedHosts")
        return len(seen)

    Dedication.objects.create(host=cloud.hosts[0], domain=friend.domain)
    statements()
    few = statements()
    for host in cloud.hosts[1:]:
        Dedication.objects.create(host=host, domain=friend.domain, account=friend)
    assert statements() == few
