"""Setting up a zone in the admin, step by step: what is made, once, and what goes on after something went wrong."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.factories import PASSWORD, AccountFactory, UserFactory
from apps.accounts.models import Account
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.states import AllocationState, HostStatus
from apps.network.models import Network, NetworkServiceProvider, PhysicalNetwork
from apps.network.states import PhysicalNetworkState, ProviderState
from apps.portal.models import ZoneSetup
from apps.storage.models import StoragePool
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud
from tests.support.zone_setup import LIST, PHYSICAL, POD, SHARED, ZONE, Operator, add_host, errors, until_hosts


@pytest.fixture
def hand(operator: Client) -> Operator:
    return Operator(operator)


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


def test_a_zone_that_was_made_elsewhere_is_taken_up_once(hand: Operator, cloud: SimulatedCloud) -> None:
    zone = Zone.objects.create(name="by-api", dns1="192.0.2.1", internal_dns1="192.0.2.1", allocation_state="Disabled")
    html = hand.client.get(LIST).content.decode()
    assert "Set up by-api" in html and f"Set up {cloud.zone.name}" not in html
    answers = [hand.client.post(f"{LIST}take-up/{zone.uuid}/") for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"] and answers[0]["Location"].endswith("/network/")
    assert ZoneSetup.objects.get().zone == zone and "Set up by-api" not in hand.client.get(LIST).content.decode()
    taken = Operator(hand.client, answers[0]["Location"].removesuffix("network/"))
    taken.made("pod", "pod", **POD)
    assert Pod.objects.get(name="rack-1").zone == zone


def test_a_set_up_whose_zone_is_deleted_says_so(hand: Operator, cloud: SimulatedCloud) -> None:
    hand.made("zone", "zone", **ZONE)
    cloud.admin.call("deleteZone", id=Zone.objects.get(name="north").uuid)
    page = hand.client.get(f"{hand.base}network/", follow=True)
    html = unescape(page.content.decode())
    assert "Zone north was deleted meanwhile" in html and ">deleted</span>" in html
    assert hand.client.post(f"{hand.base}network/", {"section": "physical", **PHYSICAL})["Location"] == LIST
    assert not PhysicalNetwork.objects.filter(name="wires").exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one(transactional_db: None) -> None:
    UserFactory(username="operator", account=AccountFactory(root_admin=True))
    client = Client()
    assert client.login(username="operator", password=PASSWORD)
    hand = Operator(client)

    def click(step: str, section: str, fields: dict[str, str]) -> int:
        own = Client()
        own.cookies = client.cookies
        try:
            return int(own.post(f"{hand.base}{step}/", {"section": section, **fields}).status_code)
        finally:
            connection.close()

    for step, section, fields in (("zone", "zone", ZONE), ("network", "physical", PHYSICAL), ("pod", "pod", POD)):
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _, sent=(step, section, fields): click(*sent), range(4)))
        assert answers == [302] * 4
    assert (Zone.objects.count(), PhysicalNetwork.objects.count(), Pod.objects.count()) == (1, 1, 1)
    assert ZoneSetup.objects.count() == 1


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


def test_a_kvm_host_that_is_not_there_is_told_in_libvirts_words(hand: Operator) -> None:
    pytest.importorskip("libvirt")
    until_hosts(hand)
    pod = Pod.objects.get(name="rack-1")
    hand.made("cluster", "cluster", podid=pod.uuid, clustername="real", hypervisor="KVM", arch="x86_64")
    assert "qemu+ssh://root@192.0.2.11/system" in hand.page("host") and '{"domain_type": "kvm"}' in hand.page("host")
    hand.made("host", "host", clusterid=Cluster.objects.get(name="real").uuid, url="qemu+tcp://127.0.0.1:9/system")
    run_jobs()
    host = Host.objects.get(cluster__name="real")
    assert host.status == HostStatus.ALERT and "onnect" in host.status_reason
    assert host.status_reason in hand.page("host") and "Mend and try again" in hand.page("host")


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
