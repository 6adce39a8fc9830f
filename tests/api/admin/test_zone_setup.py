"""Setting up a zone in the admin, step by step, as a browser without scripts sends the forms."""

import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.accounts.models import Account, RolePermission
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.states import AllocationState, HostStatus
from apps.network.models import Network, NetworkServiceProvider, PhysicalNetwork, VlanIpRange
from apps.network.states import PhysicalNetworkState, ProviderState
from apps.portal.models import ZoneSetup
from apps.storage.models import ImageStore, StoragePool
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud

BEGIN = "/admin/zone-setup/begin/"
LIST = "/admin/zone-setup/"
MOST_STATEMENTS = 32
ZONE = {
    "name": "north",
    "networktype": "Advanced",
    "dns1": "192.0.2.53",
    "internaldns1": "192.0.2.54",
    "guestcidraddress": "10.1.1.0/24",
    "localstorageenabled": "false",
}
PHYSICAL = {
    "name": "wires",
    "isolationmethods": "VXLAN",
    "vlan": "6000-6999",
    "carries_Guest": "on",
    "carries_Management": "on",
    "link_Guest": "eth1",
    "router": "on",
}
POD = {
    "name": "rack-1",
    "gateway": "192.0.2.1",
    "netmask": "255.255.255.0",
    "startip": "192.0.2.10",
    "endip": "192.0.2.50",
}
SHARED = {
    "name": "everybody",
    "vlan": "4500",
    "gateway": "10.70.0.1",
    "netmask": "255.255.255.0",
    "startip": "10.70.0.20",
    "endip": "10.70.0.250",
}


class Operator:
    """Somebody who works on one set-up."""

    def __init__(self, client: Client, base: str = ""):
        self.client = client
        self.base = base or client.get(BEGIN)["Location"].removesuffix("zone/")

    def page(self, step: str) -> str:
        answer = self.client.get(f"{self.base}{step}/")
        assert answer.status_code == 200, answer.get("Location")
        return unescape(answer.content.decode())

    def send(self, step: str, section: str, **fields: Any) -> Any:
        return self.client.post(f"{self.base}{step}/", {"section": section, **fields})

    def made(self, step: str, section: str, **fields: Any) -> None:
        answer = self.send(step, section, **fields)
        assert answer.status_code == 302, errors(answer)

    @property
    def setup(self) -> ZoneSetup:
        return ZoneSetup.objects.get(uuid=self.base.rstrip("/").rpartition("/")[2])


def errors(answer: Any) -> dict[str, str]:
    """Field → what the page says beside it."""
    html = unescape(answer.content.decode())
    return dict(re.findall(r'<span class="cs-wrong" id="id_(\w+)_error">(.*?)</span>', html, re.S))


@pytest.fixture
def hand(operator: Client) -> Operator:
    return Operator(operator)


def until_hosts(hand: Operator) -> Operator:
    """Zone, physical network, pod and cluster of the simulator."""
    hand.made("zone", "zone", **ZONE)
    hand.made("network", "physical", **PHYSICAL)
    hand.made("pod", "pod", **POD)
    run_jobs()
    pod = Pod.objects.get(name="rack-1")
    hand.made("cluster", "cluster", podid=pod.uuid, clustername="racks", hypervisor="Simulator", arch="x86_64")
    return hand


def add_host(hand: Operator, url: str = "sim://rack-1/host-1") -> Host:
    hand.made("host", "host", clusterid=Cluster.objects.get(name="racks").uuid, url=url)
    return Host.objects.get(url=url)


def test_from_nothing_to_a_zone_in_which_a_machine_runs(hand: Operator, cloud: SimulatedCloud) -> None:
    until_hosts(hand)
    zone = Zone.objects.get(name="north")
    assert zone.allocation_state == AllocationState.DISABLED
    physical = PhysicalNetwork.objects.get(zone=zone)
    assert physical.state == PhysicalNetworkState.ENABLED
    assert {row.traffic_type: row.kvm_label for row in physical.traffic_types.all()} == {
        "Guest": "eth1", "Management": "",
    }  # fmt: skip
    router = NetworkServiceProvider.objects.get(physical_network=physical, name="VirtualRouter")
    assert router.state == ProviderState.ENABLED

    offering = re.search(r'<option value="([0-9a-f-]{36})"[^>]*>DefaultSharedNetworkOffering', hand.page("addresses"))
    assert offering
    network = {**SHARED, "networkofferingid": offering[1], "physicalnetworkid": physical.uuid}
    hand.made("addresses", "shared", **network)
    host = add_host(hand)
    assert "Jobs are at work" in hand.page("host")
    run_jobs()
    found = hand.page("host")
    host.refresh_from_db()
    for text in ("connected", f"{host.cpus} × {host.cpu_mhz} MHz", host.hypervisor_version, "Jobs are at work"):
        assert (text in found) is (text != "Jobs are at work"), text
    cluster = Cluster.objects.get(name="racks")
    hand.made("primary", "pool", name="disks", kind="Simulator", place=cluster.uuid, path="/simulated/north")
    hand.made("images", "store", name="north images", provider="Simulator", url="sim://north/images")
    assert "not yet" in hand.page("launch") and "disabled aria-describedby" in hand.page("launch")
    run_jobs()
    page = hand.page("launch")
    assert "What launching does" in page and "disabled aria-describedby" not in page
    assert hand.send("launch", "").status_code == 302
    zone.refresh_from_db()
    assert zone.allocation_state == AllocationState.ENABLED and hand.setup.launched
    assert "is launched" in hand.page("launch")
    assert "north" not in unescape(hand.client.get(LIST).content.decode()).partition("<main")[2]

    cloud.admin.call("copyTemplate", id=cloud.template.uuid, sourcezoneid=cloud.zone.uuid, destzoneids=zone.uuid)
    run_jobs()
    vm = cloud.deploy(zoneid=zone.uuid, networkids=Network.objects.get(name="everybody").uuid, name="first")
    run_jobs()
    machine = VirtualMachine.objects.get(uuid=vm["id"])
    assert (machine.state, machine.host) == (VmState.RUNNING, host)


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
    ("cluster", "cluster", {"clustername": "two", "hypervisor": "VMware"}, "hypervisor"),
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


def test_the_same_sent_twice_is_made_once(hand: Operator) -> None:
    until_hosts(hand)
    add_host(hand)
    run_jobs()
    cluster, pod = Cluster.objects.get(name="racks"), Pod.objects.get(name="rack-1")
    again = [
        ("zone", "zone", ZONE),
        ("network", "physical", PHYSICAL),
        ("pod", "pod", POD),
        (
            "cluster",
            "cluster",
            {"podid": pod.uuid, "clustername": "racks", "hypervisor": "Simulator", "arch": "x86_64"},
        ),
        ("host", "host", {"clusterid": cluster.uuid, "url": "sim://rack-1/host-1", "password": "typed again"}),
    ]
    before = [model.objects.count() for model in (Zone, PhysicalNetwork, Pod, Cluster, Host, AsyncJob)]
    for step, section, fields in again:
        answer = hand.client.post(f"{hand.base}{step}/", {"section": section, **fields}, follow=True)
        assert "there already" in unescape(answer.content.decode()), step
    # The back button shows the first form again; another name in it makes no second zone.
    answer = hand.client.post(f"{hand.base}zone/", {"section": "zone", **ZONE, "name": "south"}, follow=True)
    assert "The zone is there already" in unescape(answer.content.decode())
    assert [model.objects.count() for model in (Zone, PhysicalNetwork, Pod, Cluster, Host, AsyncJob)] == before


def test_another_session_goes_on_where_one_was_left(hand: Operator, cloud: SimulatedCloud) -> None:
    hand.made("zone", "zone", **ZONE)
    leaving = {**PHYSICAL, "name": "half typed", "leave": "1"}
    leaving.pop("carries_Management")
    assert hand.send("network", "physical", **leaving)["Location"] == LIST
    assert not PhysicalNetwork.objects.filter(name="half typed").exists()

    UserFactory(username="colleague", account=Account.objects.get(pk=cloud.root.account_id))
    other = Client()
    assert other.login(username="colleague", password=PASSWORD)
    html = unescape(other.get(LIST).content.decode())
    assert "north" in html and "operator" in html and "1 of 9" in html
    url = re.search(r'href="(/admin/zone-setup/[0-9a-f-]+/\w+/)"', html)
    assert url and url[1] == f"{hand.base}network/"
    page = other.get(url[1]).content.decode()
    assert 'value="half typed"' in page and 'value="eth1"' in page
    assert "checked" not in re.search(r'<input[^>]*name="carries_Management"[^>]*>', page)[0]  # type: ignore[index]
    Operator(other, hand.base).made("network", "physical", **PHYSICAL)
    assert "half typed" not in repr(hand.setup.answers)
    # Going back shows what was made; it can be gone to from the list beside the page.
    assert "north" in hand.page("zone") and 'name="dns1"' not in hand.page("zone")
    forget = hand.client.post(f"{hand.base}forget/", follow=True)
    assert "stays in the cloud" in unescape(forget.content.decode()) and Zone.objects.filter(name="north").exists()


def test_a_step_that_cannot_be_taken_yet_says_why(hand: Operator) -> None:
    answer = hand.client.get(f"{hand.base}pod/")
    assert answer["Location"] == LIST
    hand.made("zone", "zone", **ZONE)
    page = hand.client.get(f"{hand.base}host/", follow=True)
    assert "Hosts: add a cluster first." in unescape(page.content.decode())
    assert page.redirect_chain[-1][0] == f"{hand.base}network/"
    hand.made("pod", "pod", **POD)
    hand.made(
        "cluster", "cluster", podid=Pod.objects.get(name="rack-1").uuid, clustername="racks", hypervisor="Simulator",
        arch="x86_64",
    )  # fmt: skip
    page = hand.page("primary")
    assert "Not now: no host is Up yet" in page and "disabled aria-describedby" in page
    refused = hand.send("primary", "pool", name="x", kind="Simulator", place=Cluster.objects.get(name="racks").uuid,
                        path="/x")  # fmt: skip
    assert refused.status_code == 400 and not StoragePool.objects.filter(name="x").exists()
    launch = hand.client.post(f"{hand.base}launch/", follow=True)
    assert "Not launched: the zone is not ready: there is no physical network" in unescape(launch.content.decode())
    assert Zone.objects.get(name="north").allocation_state == AllocationState.DISABLED


def test_a_host_that_does_not_answer_is_mended_and_tried_again(hand: Operator) -> None:
    until_hosts(hand)
    world.inject("host_facts", "fault:ssh: no route to host 192.0.2.11", count=1)
    host = add_host(hand)
    run_jobs()
    page = hand.page("host")
    assert "ssh: no route to host 192.0.2.11" in page and f"?mend={host.uuid}#mend" in page
    form = hand.client.get(f"{hand.base}host/?mend={host.uuid}").content.decode()
    assert f'value="{host.url}"' in form and "Try again" in form
    half = hand.send("host", "mend", host=host.uuid, url=host.url, username="root", password="")
    assert list(errors(half)) == ["password"]
    hand.made("host", "mend", host=host.uuid, url="sim://rack-1/mended", username="root", password="s3cret-word")
    assert "s3cret-word" not in repr(list(ZoneSetup.objects.values()))
    run_jobs()
    host.refresh_from_db()
    assert (host.status, host.url) == (HostStatus.UP, "sim://rack-1/mended")
    assert "connected" in hand.page("host")


def test_what_could_not_be_added_is_told_with_the_words_of_its_job(hand: Operator) -> None:
    until_hosts(hand)
    add_host(hand)
    run_jobs()
    place = Cluster.objects.get(name="racks").uuid
    hand.made("primary", "pool", name="disks", kind="Simulator", place=place, path="/simulated/x")
    world.inject("connect", "fault:mount: access denied by server", count=1)
    run_jobs()
    page = hand.page("primary")
    assert "disks could not be added" in page and "mount: access denied by server" in page
    assert not StoragePool.objects.filter(name="disks").exists()
    # It is gone, so the very same may be sent again.
    hand.made("primary", "pool", name="disks", kind="Simulator", place=place, path="/simulated/x")
    assert StoragePool.objects.filter(name="disks").exists()


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
