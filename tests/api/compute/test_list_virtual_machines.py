"""listVirtualMachines: whose machines, which of them, what of each, page by page."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.compute.factories import MachineRows, ssh_key_pair
from apps.compute.models import VirtualMachine
from apps.storage.models import StoragePool
from cloudstack.testing.api import ApiClient, ApiError
from tests.support.cloud import client_of

from .conftest import NOBODY, Cloud
from .test_deploy import isolated


@pytest.fixture
def crowd(cloud: Cloud) -> Cloud:
    """One machine each of the tenant, a neighbour in the same domain, one in a branch below, the lawyer, the admin."""
    sales = cloud.account.domain
    branch = DomainFactory(name="emea", parent=sales)
    owners = {
        "mine": cloud.account,
        "beside": AccountFactory(name="neighbour", domain=sales),
        "below": AccountFactory(name="branch", domain=branch),
        "theirs": cloud.lawyer_account,
    }
    rows = MachineRows(cloud.zone, cloud.template, cloud.offering)
    for name, owner in owners.items():
        rows.machine(owner, name).save()
    return cloud


def names(client: ApiClient, **params: Any) -> set[str]:
    return {vm["name"] for vm in client.items("listVirtualMachines", **params)}


def test_whose_machines(crowd: Cloud, refusal: Callable[..., ApiError]) -> None:
    everything = {"mine", "beside", "below", "theirs"}
    sales = crowd.account.domain
    assert names(crowd.api) == names(crowd.api, listall=True) == {"mine"}
    assert names(crowd.sales_admin) == set()
    assert names(crowd.sales_admin, listall=True) == {"mine", "beside", "below"}
    assert names(crowd.sales_admin, domainid=sales.uuid) == {"mine", "beside"}
    assert names(crowd.sales_admin, domainid=sales.uuid, isrecursive=True) == {"mine", "beside", "below"}
    assert names(crowd.sales_admin, account="neighbour") == {"beside"}
    assert names(crowd.admin) == set() and names(crowd.admin, listall=True) == everything
    assert names(crowd.admin, account="seller", domainid=sales.uuid) == {"mine"}
    legal = crowd.lawyer_account.domain
    assert refusal(crowd.sales_admin, "listVirtualMachines", domainid=legal.uuid).code in (431, 531)
    assert refusal(crowd.api, "listVirtualMachines", account="neighbour", domainid=sales.uuid).code == 431
    ids = {vm.name: vm.uuid for vm in VirtualMachine.objects.all()}
    assert (
        names(crowd.sales_admin, id=ids["below"]) == {"below"} and names(crowd.sales_admin, id=ids["theirs"]) == set()
    )
    assert names(crowd.api, ids=f"{ids['mine']},{ids['theirs']}") == {"mine"}
    assert refusal(crowd.api, "listVirtualMachines", id="first").code == 431


def test_filters(cloud: Cloud) -> None:
    ssh_key_pair(cloud.account, "one")
    ssh_key_pair(cloud.account, "two")
    own = isolated(cloud)
    web = cloud.machine(name="web", keypairs="one,two", networkids=own.uuid)
    cloud.run(cloud.deploy(name="db", displayname="The Database", startvm=False))
    row = cloud.row(web)
    chosen = {
        "name": "web",
        "state": "running",
        "zoneid": cloud.zone.uuid,
        "templateid": cloud.template.uuid,
        "serviceofferingid": cloud.offering.uuid,
        "networkid": own.uuid,
        "hypervisor": "Simulator",
        "keyword": "WE",
        "keypair": "two",
        "forvirtualnetwork": True,
        "userid": row.user.uuid,
        "ids": web["id"],
    }
    common = {"zoneid", "templateid", "serviceofferingid", "hypervisor", "userid"}
    for name, value in chosen.items():
        expected = {"web", "db"} if name in common else {"web"}
        assert names(cloud.api, **{name: value}) == expected, name
    assert names(cloud.api, keypair="one") == {"web"}
    assert names(cloud.api, keypair="on") == set()
    assert names(cloud.api, keyword="database") == {"db"}
    assert names(cloud.api, forvirtualnetwork=False) == {"db"}
    assert names(cloud.api, name="w") == set()
    assert names(cloud.api, hypervisor="kvm") == set() and names(cloud.api, hypervisor="simulator") == {"web", "db"}
    assert names(cloud.api, haenable=True) == set() and names(cloud.api, haenable=False) == {"web", "db"}
    assert names(cloud.api, tags=[{"key": "a", "value": "b"}]) == set()
    [pool] = {volume["storageid"] for volume in cloud.admin.items("listVolumes", listall=True) if "storageid" in volume}
    place = {
        "hostid": row.host.uuid, "clusterid": row.host.cluster.uuid, "podid": row.host.pod.uuid, "storageid": pool,
    }  # fmt: skip
    for name, value in place.items():
        assert names(cloud.admin, listall=True, **{name: value}) == {"web"}, name


def test_states(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.machine()
    cloud.run(cloud.api.call("destroyVirtualMachine", id=vm["id"]))
    assert names(cloud.api, state="Destroyed") == names(cloud.api) == {vm["name"]}
    assert names(cloud.api, state="Present") == names(cloud.api, state="Stopped") == set()
    error = refusal(cloud.api, "listVirtualMachines", state="Sleeping")
    assert error.code == 431 and "Running" in error.text and "'Sleeping'" in error.text


def test_details_choose_what_is_shown(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    cloud.machine()

    def shown(*words: str) -> dict[str, Any]:
        [vm] = cloud.api.items("listVirtualMachines", **({"details": list(words)} if words else {}))
        return vm

    everything = set(shown())
    assert everything == set(shown("all"))
    least = shown("min")
    assert {"id", "name", "state", "zoneid"} <= set(least)
    assert not {"nic", "templateid", "serviceofferingid", "cpunumber", "affinitygroup"} & set(least)
    assert "nic" in shown("nics") and "templateid" not in shown("nics")
    assert {"templatename", "cpunumber"} <= set(shown("tmpl", "servoff")) and "nic" not in shown("tmpl", "servoff")
    error = refusal(cloud.api, "listVirtualMachines", details="min,everything")
    assert error.code == 431 and "everything" in error.text


def test_the_kind_of_storage_is_shown_to_operators_who_ask(cloud: Cloud) -> None:
    cloud.machine()

    def shown(api: Any, **more: Any) -> Any:
        [vm] = api.items("listVirtualMachines", listall=True, **more)
        return vm.get("pooltype")

    kind = StoragePool.objects.values_list("type", flat=True).distinct().get()
    assert shown(cloud.admin, details="volume") == shown(cloud.admin, details="all") == kind
    assert shown(cloud.admin) is shown(cloud.admin, details="nics") is shown(cloud.api, details="volume") is None


def test_pages(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    MachineRows(cloud.zone, cloud.template, cloud.offering, [cloud.network]).create([cloud.account], 7)
    seen: list[str] = []
    for page in (1, 2, 3):
        body = cloud.api.call("listVirtualMachines", page=page, pagesize=3)
        assert body["count"] == 7
        seen += [vm["name"] for vm in body["virtualmachine"]]
    assert len(seen) == len(set(seen)) == 7
    assert cloud.api.call("listVirtualMachines", page=4, pagesize=3).get("virtualmachine", []) == []
    for bad in ({"page": 0, "pagesize": 3}, {"page": 1, "pagesize": 501}, {"page": "x", "pagesize": 3}):
        assert refusal(cloud.api, "listVirtualMachines", **bad).code == 431
    assert len(client_of(cloud.account).items("listVirtualMachines")) == 7


def test_what_is_not_there(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    assert cloud.api.call("listVirtualMachines") == {}
    assert cloud.api.call("listVirtualMachines", id=NOBODY) == {}
    for parameter in ("zoneid", "templateid", "serviceofferingid", "networkid", "hostid"):
        assert refusal(cloud.api, "listVirtualMachines", **{parameter: NOBODY}).code in (431, 531)
