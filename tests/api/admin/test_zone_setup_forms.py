"""Setting up a zone in the admin: wrong input, who may, and what the pages cost."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.accounts.models import Account, RolePermission
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.network.models import PhysicalNetwork, VlanIpRange
from apps.portal.models import ZoneSetup
from apps.storage.models import ImageStore, StoragePool
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud
from tests.support.zone_setup import BEGIN, LIST, PHYSICAL, POD, ZONE, Operator, add_host, errors, until_hosts

MOST_STATEMENTS = 32


@pytest.fixture
def hand(operator: Client) -> Operator:
    return Operator(operator)


WRONG = [
    ("zone", "zone", {**ZONE, "dns1": "not an address"}, "dns1"),
    ("zone", "zone", {**ZONE, "name": ""}, "name"),
    ("zone", "zone", {**ZONE, "networktype": "Basic"}, "networktype"),
    ("zone", "zone", {**ZONE, "guestcidraddress": "10.1.1.0/99"}, "guestcidraddress"),
    ("zone", "zone", {**ZONE, "domainid": str(uuid.uuid4())}, "domainid"),
    ("network", "physical", {**PHYSICAL, "vlan": "9-1"}, "vlan"),
    ("network", "physical", {**PHYSICAL, "vlan": "7000-7999", "link_Guest": "no link; at all"}, "link_Guest"),
    ("network", "physical", {"name": "x", "isolationmethods": "VXLAN"}, "carries_Guest"),
    ("network", "physical", {**PHYSICAL, "vlan": "", "isolationmethods": "GRE"}, "isolationmethods"),
    ("pod", "pod", {**POD, "startip": ""}, "startip"),
    ("pod", "pod", {**POD, "endip": "203.0.113.9"}, "endip"),
    ("pod", "pod", {**POD, "gateway": "x"}, "gateway"),
    ("addresses", "public", {**POD, "vlan": "x"}, None),
    ("cluster", "cluster", {"clustername": "", "hypervisor": "Simulator"}, "clustername"),
    ("cluster", "cluster", {"clustername": "two", "hypervisor": "XenServer"}, "hypervisor"),
    ("host", "host", {"url": "no address"}, "url"),
    ("host", "host", {"url": "sim://a:hidden@b/c", "username": "x"}, "url"),
    ("host", "host", {"url": "sim://a", "externaldetails": "{"}, "externaldetails"),
    ("primary", "pool", {"name": "x", "kind": "NetworkFilesystem", "path": "/x"}, "server"),
    ("primary", "pool", {"name": "x", "kind": "Simulator", "path": "/../x"}, "path"),
    ("images", "store", {"name": "x", "provider": "Tape", "url": "sim://x"}, "provider"),
    ("images", "store", {"name": "x", "provider": "Directory", "url": "nowhere"}, "url"),
]


def test_wrong_input_is_told_by_its_field_and_nothing_typed_is_lost(hand: Operator, subtests: Any) -> None:
    def rows() -> list[int]:
        models = (Zone, PhysicalNetwork, Pod, Cluster, Host, StoragePool, ImageStore, VlanIpRange, AsyncJob)
        return [model.objects.count() for model in models]

    def check(step: str, section: str, fields: dict[str, Any], blamed: str | None) -> None:
        with subtests.test(f"{step}: {blamed} {fields.get(blamed or '')}"):
            before = rows()
            answer = hand.send(step, section, **fields)
            assert answer.status_code == 400
            if blamed is not None:
                assert list(errors(answer)) == [blamed], errors(answer)
                assert errors(answer)[blamed].strip() and "Unable to execute" not in errors(answer)[blamed]
            form = answer.context["sections"]
            typed = next(entry["form"] for entry in form if entry["section"].key == section).data
            assert {name: typed[name] for name in fields} == {name: str(value) for name, value in fields.items()}
            assert rows() == before

    for case in WRONG[:5]:
        check(*case)
    until_hosts(hand)
    cluster = {"clusterid": str(Cluster.objects.get(name="racks").uuid)}
    pod = {"podid": str(Pod.objects.get(name="rack-1").uuid)}
    add_host(hand)
    run_jobs()
    more = {"host": cluster, "cluster": pod | {"arch": "x86_64"}, "primary": {"place": cluster["clusterid"]}}
    for step, section, fields, blamed in WRONG[5:]:
        check(step, section, more.get(step, {}) | fields, blamed)
    kept = repr(ZoneSetup.objects.values_list("answers", "made"))
    assert "hidden" not in kept


@pytest.fixture
def restricted(cloud: SimulatedCloud) -> Callable[..., Client]:
    """Logs in a root admin whose role denies some commands."""

    def make(*denied: str) -> Client:
        role = RoleFactory(name=f"without {denied}", type=1)
        for position, rule in enumerate(denied):
            RolePermission.objects.create(role=role, rule=rule, permission="deny", position=position)
        RolePermission.objects.create(role=role, rule="*", permission="allow", position=len(denied))
        account = AccountFactory(role=role, domain=Account.objects.get(pk=cloud.root.account_id).domain)
        UserFactory(username="narrow", account=account)
        client = Client()
        assert client.login(username="narrow", password=PASSWORD)
        return client

    return make


def test_who_may_not_make_zones_gets_no_page(hand: Operator, restricted: Callable[..., Client]) -> None:
    hand.made("zone", "zone", **ZONE)
    client = restricted("createZone")
    for path in (LIST, BEGIN, f"{hand.base}zone/", f"{hand.base}network/"):
        assert client.get(path).status_code == 403, path
    assert client.post(f"{hand.base}forget/").status_code == 403
    assert "Set up a zone" not in client.get("/admin/").content.decode()
    assert Client().get(LIST)["Location"].startswith("/admin/login/")


def test_a_section_whose_command_is_not_admitted_says_so(hand: Operator, restricted: Callable[..., Client]) -> None:
    hand.made("zone", "zone", **ZONE)
    narrow = Operator(restricted("createPod"), hand.base)
    assert "Not now: your role does not admit createPod" in narrow.page("pod")
    assert narrow.send("pod", "pod", **POD).status_code == 400
    assert not Pod.objects.filter(name="rack-1").exists()


def test_pages_cost_the_same_whatever_there_is(hand: Operator, subtests: Any) -> None:
    def statements(step: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            hand.page(step)
        return len(captured)

    until_hosts(hand)
    add_host(hand)
    run_jobs()
    steps = ("zone", "network", "pod", "addresses", "cluster", "host", "primary", "images", "launch")
    before = {step: statements(step) for step in steps}
    pod = Pod.objects.get(name="rack-1")
    for number in range(3):
        hand.made("network", "physical", **{**PHYSICAL, "name": f"w{number}", "vlan": f"{7000 + number}"})
        hand.made("pod", "pod", **{**POD, "name": f"rack-{number + 2}"})
        hand.made("cluster", "cluster", podid=pod.uuid, clustername=f"c{number}", hypervisor="Simulator", arch="x86_64")
        add_host(hand, f"sim://more/{number}")
        Operator(hand.client).made("zone", "zone", **{**ZONE, "name": f"north-{number}"})
    run_jobs()
    for step in steps:
        with subtests.test(step):
            assert statements(step) <= before[step] + 1 <= MOST_STATEMENTS, (before[step], statements(step))
    with CaptureQueriesContext(connection) as captured:
        hand.client.get(LIST)
    assert len(captured) <= 8
