"""Zones, pods and clusters through the API: made, listed, changed, deleted, and refused with a reason."""

import pytest

from apps.accounts.factories import DomainFactory
from apps.infrastructure.factories import ClusterFactory, HostFactory, PodFactory, ZoneFactory, simulated_zone
from apps.infrastructure.models import Cluster, Pod, Zone
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiClient

pytestmark = pytest.mark.django_db
ZONE = {"name": "z1", "networktype": "Advanced", "dns1": "192.0.2.1", "internaldns1": "192.0.2.2"}


def test_zone_is_made_and_listed(root: ApiClient) -> None:
    zone = root.call("createZone", **ZONE, domain="guests.example", guestcidraddress="10.1.1.0/24")["zone"]
    assert zone["allocationstate"] == "Disabled"
    assert zone["domain"] == "guests.example"
    assert zone["networktype"] == "Advanced"
    listed = root.call("listZones", id=zone["id"])
    assert listed["count"] == 1
    assert listed["zone"][0] == zone
    assert "capacity" not in zone
    assert Event.objects.get(type="ZONE.CREATE").resource_uuid == Zone.objects.get().uuid


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"name": None}, 431, "missing parameter name"),
        ({"dns1": "not-an-address"}, 431, "dns1 is 'not-an-address'"),
        ({"guestcidraddress": "10.1.1.7/24"}, 431, "guestcidraddress"),
        ({"networktype": "Basic"}, 431, "networktype"),
        ({"securitygroupenabled": True}, 431, "security groups"),
        ({"domainid": "5f3b1f0e-0000-4000-8000-000000000000"}, 431, "domainid"),
        ({"name": "x" * 256}, 431, "name"),
    ],
)
def test_bad_zone_is_refused_and_leaves_no_row(root: ApiClient, change: dict, code: int, words: str, refusal) -> None:
    error = refusal(root, "createZone", **{**ZONE, **change})
    assert error.code == code
    assert words in error.text
    assert not Zone.all_objects.exists()
    assert not Event.objects.exists()


def test_name_of_a_zone_is_unique_among_the_living(root: ApiClient, refusal) -> None:
    first = root.call("createZone", **ZONE)["zone"]
    assert refusal(root, "createZone", **ZONE).code == 431
    root.call("deleteZone", id=first["id"])
    assert root.call("createZone", **ZONE)["zone"]["id"] != first["id"]


def test_zone_is_changed(root: ApiClient, refusal) -> None:
    zone = ZoneFactory()
    changed = root.call(
        "updateZone",
        id=zone.uuid,
        name="new",
        allocationstate="disabled",
        dns2="192.0.2.9",
        sortkey=4,
        details={"key": "floor", "value": "3"},
    )["zone"]
    assert (changed["name"], changed["allocationstate"], changed["dns2"]) == ("new", "Disabled", "192.0.2.9")
    assert changed["resourcedetails"] == {"floor": "3"}
    assert changed["dns1"] == "192.0.2.53"
    assert refusal(root, "updateZone", id=zone.uuid, dns1="nine").code == 431
    zone.refresh_from_db()
    assert zone.dns1 == "192.0.2.53"


def test_zone_with_pods_stays(root: ApiClient, refusal) -> None:
    pod = PodFactory()
    error = refusal(root, "deleteZone", id=pod.zone.uuid)
    assert (error.code, "1 pods are in it" in error.text) == (536, True)
    root.call("deletePod", id=pod.uuid)
    assert root.call("deleteZone", id=pod.zone.uuid) == {"success": True}
    assert root.call("listZones") == {}


def test_users_see_enabled_zones_without_what_is_the_operators(user: ApiClient) -> None:
    open_zone = ZoneFactory()
    ZoneFactory(allocation_state="Disabled")
    [zone] = user.items("listZones")
    assert zone["id"] == str(open_zone.uuid)
    assert not {"dns1", "internaldns1", "guestcidraddress", "resourcedetails", "capacity"} & set(zone)


def test_dedicated_zone_is_for_its_domain_and_those_below(client_of) -> None:
    domain = DomainFactory()
    below = DomainFactory(parent=domain)
    zone = ZoneFactory(domain=domain)
    for where, sees in ((domain, True), (below, True), (DomainFactory(), False)):
        listed = client_of(domain=where).items("listZones")
        assert [one["id"] for one in listed] == ([str(zone.uuid)] if sees else [])


@pytest.mark.parametrize("command", ["createZone", "updateZone", "deleteZone", "listPods", "listClusters", "listHosts"])
def test_users_may_not_operate_infrastructure(user: ApiClient, command: str, refusal) -> None:
    zone = ZoneFactory()
    error = refusal(user, command, id=zone.uuid, **ZONE)
    assert error.code in (401, 432)
    assert Zone.objects.get().name == zone.name


def test_pod_is_made_listed_changed_and_deleted(root: ApiClient) -> None:
    zone = ZoneFactory()
    pod = root.call(
        "createPod",
        zoneid=zone.uuid,
        name="p1",
        gateway="172.16.0.1",
        netmask="255.255.255.0",
        startip="172.16.0.10",
        endip="172.16.0.20",
    )["pod"]
    assert (pod["startip"], pod["endip"], pod["zonename"]) == (["172.16.0.10"], ["172.16.0.20"], zone.name)
    assert pod["ipranges"] == [{"startip": "172.16.0.10", "endip": "172.16.0.20", "gateway": "172.16.0.1"}]
    assert root.items("listPods", zoneid=zone.uuid, name="p1") == [pod]
    changed = root.call("updatePod", id=pod["id"], endip="172.16.0.30", allocationstate="Disabled")["pod"]
    assert (changed["endip"], changed["allocationstate"]) == (["172.16.0.30"], "Disabled")
    assert root.items("listPods", allocationstate="Enabled") == []
    root.call("deletePod", id=pod["id"])
    assert root.call("listPods") == {}


def test_a_pod_of_one_address_ends_where_it_starts(root: ApiClient) -> None:
    """Clients of the old two fields take the first entry of each."""
    pod = root.call(
        "createPod", zoneid=ZoneFactory().uuid, name="p", gateway="172.16.0.1", netmask="255.255.255.0",
        startip="172.16.0.10",
    )["pod"]  # fmt: skip
    assert (pod["startip"], pod["endip"]) == (["172.16.0.10"], ["172.16.0.10"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"startip": "172.17.0.9"}, "not in the pod's subnet"),
        ({"startip": "172.16.0.30", "endip": "172.16.0.20"}, "lies behind"),
        ({"startip": "172.16.0.1"}, "contains the gateway"),
        ({"netmask": "300.0.0.0"}, "netmask"),
        ({"gateway": ""}, "need a gateway"),
        ({"startip": "", "endip": "172.16.0.9"}, "needs a startip"),
    ],
)
def test_bad_pod_is_refused(root: ApiClient, change: dict, words: str, refusal) -> None:
    good = {"gateway": "172.16.0.1", "netmask": "255.255.255.0", "startip": "172.16.0.10", "endip": "172.16.0.20"}
    error = refusal(root, "createPod", zoneid=ZoneFactory().uuid, name="p", **{**good, **change})
    assert error.code == 431
    assert words in error.text
    assert not Pod.all_objects.exists()


def test_cluster_answers_in_list_shape(root: ApiClient) -> None:
    pod = PodFactory()
    answer = root.call(
        "addCluster",
        zoneid=pod.zone.uuid,
        podid=pod.uuid,
        clustername="c1",
        hypervisor="simulator",
        clustertype="CloudManaged",
    )
    assert answer["count"] == 1
    [cluster] = answer["cluster"]
    assert (cluster["hypervisortype"], cluster["zoneid"]) == ("Simulator", str(pod.zone.uuid))
    assert (cluster["cpuovercommitratio"], cluster["memoryovercommitratio"]) == ("1.0", "1.0")
    assert root.items("listClusters", hypervisor="Simulator", zoneid=pod.zone.uuid) == [cluster]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hypervisor": "Abacus"}, "plugins drive"),
        ({"clustertype": "ExternalManaged"}, "CloudManaged"),
        ({"arch": "sparc"}, "x86_64"),
    ],
)
def test_bad_cluster_is_refused(root: ApiClient, change: dict, words: str, refusal) -> None:
    pod = PodFactory()
    good = {"clustername": "c", "hypervisor": "Simulator", "clustertype": "CloudManaged"}
    error = refusal(root, "addCluster", zoneid=pod.zone.uuid, podid=pod.uuid, **{**good, **change})
    assert error.code == 431
    assert words in error.text
    assert not Cluster.objects.exists()


def test_cluster_in_another_zone_than_its_pod_is_refused(root: ApiClient, refusal) -> None:
    good = {"clustername": "c", "hypervisor": "Simulator", "clustertype": "CloudManaged"}
    error = refusal(root, "addCluster", zoneid=ZoneFactory().uuid, podid=PodFactory().uuid, **good)
    assert "is not in zone" in error.text


def test_cluster_is_changed_and_deleted_when_it_is_empty(root: ApiClient, refusal) -> None:
    host = HostFactory()
    cluster = host.cluster
    changed = root.call("updateCluster", id=cluster.uuid, clustername="new", managedstate="Unmanaged")["cluster"]
    assert (changed["name"], changed["managedstate"]) == ("new", "Unmanaged")
    assert refusal(root, "deleteCluster", id=cluster.uuid).code == 536
    assert refusal(root, "deletePod", id=cluster.pod.uuid).code == 536
    empty = ClusterFactory(pod=cluster.pod)
    assert root.call("deleteCluster", id=empty.uuid) == {"success": True}


@pytest.mark.parametrize("command", ["listZones", "listPods", "listClusters", "listHosts"])
def test_lists_cost_few_statements_whatever_their_length(
    root: ApiClient, command: str, django_assert_max_num_queries
) -> None:
    simulated_zone("a", pods=4, clusters=8, hosts=80)
    root.call(command)  # settings and role rules are read once in a while
    with django_assert_max_num_queries(3):
        assert root.call(command)["count"] >= 1


@pytest.mark.parametrize("command", ["listZones", "listPods", "listClusters"])
def test_capacities_are_shown_on_request_with_one_statement_more(
    root: ApiClient, command: str, django_assert_max_num_queries
) -> None:
    simulated_zone("a", pods=4, clusters=8, hosts=80)
    root.call(command)
    with django_assert_max_num_queries(4):
        rows = root.items(command, showcapacities=True)
    for row in rows:
        assert {one["name"] for one in row["capacity"]} == {"CPU", "MEMORY"}


def test_pages_past_the_end_are_empty(root: ApiClient, refusal) -> None:
    simulated_zone("a", pods=3, clusters=3, hosts=3)
    assert root.call("listPods", page=2, pagesize=2)["count"] == 3
    assert len(root.items("listPods", page=2, pagesize=2)) == 1
    assert root.call("listPods", page=3, pagesize=2) == {}
    assert refusal(root, "listPods", page=1).code == 431
    assert [one["name"] for one in root.items("listPods", keyword="POD-2")] == ["a-pod-2"]
