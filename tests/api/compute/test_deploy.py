"""deployVirtualMachine as clients use it: what it answers, what becomes of it, what counts against limits."""

import base64
from typing import Any

from apps.accounts.models import ResourceCount, ResourceType
from apps.compute.factories import service_offering
from apps.compute.models import Nic, VirtualMachine
from apps.network.models import IpAllocation, Network
from apps.storage.models import DiskOffering, Volume
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.support.cloud import check_invariants

from .conftest import Cloud

GIB = 1 << 30


def counts(cloud: Cloud) -> dict[str, int]:
    rows = ResourceCount.objects.filter(account=cloud.account).values_list("type", "count")
    return {ResourceType(kind).label: count for kind, count in rows if count}


def test_the_answer_comes_at_once_and_the_machine_with_the_job(cloud: Cloud) -> None:
    answer = cloud.deploy(name="web1", displayname="the web")
    assert set(answer) == {"id", "jobid"}
    [waiting] = cloud.api.items("listVirtualMachines")
    assert (waiting["id"], waiting["state"]) == (answer["id"], "Stopped")
    vm = cloud.run(answer)
    assert vm["id"] == answer["id"]
    assert (vm["name"], vm["displayname"], vm["state"], vm["account"]) == ("web1", "the web", "Running", "seller")
    assert (vm["cpunumber"], vm["cpuspeed"], vm["memory"]) == (1, 500, 512)
    assert (vm["zoneid"], vm["templateid"]) == (str(cloud.zone.uuid), str(cloud.template.uuid))
    assert vm["domainpath"] == "ROOT/sales" and vm["rootdeviceid"] == 0 and vm["tags"] == []
    [nic] = vm["nic"]
    assert nic["isdefault"] is True and nic["networkid"] == str(cloud.network.uuid)
    assert nic["ipaddress"] in [row.address for row in IpAllocation.objects.filter(holder_uuid=nic["id"])]
    assert counts(cloud) == {
        "user_vm": 1, "cpu": 1, "memory": 512, "volume": 1, "primary_storage": cloud.template.virtual_size_bytes,
    }  # fmt: skip
    check_invariants()


def test_a_user_does_not_see_where_it_runs(cloud: Cloud) -> None:
    answer = cloud.deploy()
    run_jobs()
    hidden = {"hostid", "hostname", "instancename", "displayvm", "hostcontrolstate"}
    [shown] = cloud.api.items("listVirtualMachines", id=answer["id"])
    [to_root] = cloud.admin.items("listVirtualMachines", id=answer["id"])
    assert not hidden & set(shown) and hidden <= set(to_root)
    assert "broadcasturi" not in shown["nic"][0] and to_root["nic"][0]["broadcasturi"].startswith("vxlan://")


def test_without_a_name_it_gets_one_that_is_a_host_name(cloud: Cloud) -> None:
    vm = cloud.machine()
    assert vm["name"] == vm["displayname"] == f"VM-{vm['id']}"


def test_not_started_it_takes_limits_and_addresses_but_no_host(cloud: Cloud) -> None:
    vm = cloud.run(cloud.deploy(startvm=False, diskofferingid=cloud.disk_offering.uuid))
    assert vm["state"] == "Stopped" and vm["nic"][0]["ipaddress"]
    assert counts(cloud)["user_vm"] == 1 and counts(cloud)["volume"] == 2
    assert not world.machines().exists() and not world.volumes().exists()
    assert set(Volume.objects.values_list("state", flat=True)) == {"Allocated"}
    check_invariants()
    started = cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))
    assert started["state"] == "Running"
    assert set(Volume.objects.values_list("state", flat=True)) == {"Ready"}
    check_invariants()


def test_a_data_disk_comes_with_it(cloud: Cloud) -> None:
    custom = DiskOffering.objects.create(name="any", is_custom=True)
    vm = cloud.machine(diskofferingid=custom.uuid, size=3)
    disks = {disk["type"]: disk for disk in cloud.api.items("listVolumes", virtualmachineid=vm["id"])}
    assert disks["DATADISK"]["size"] == 3 * GIB and disks["DATADISK"]["deviceid"] == 1
    assert disks["ROOT"]["deviceid"] == 0 and disks["ROOT"]["name"] == f"ROOT-{vm['id']}"


def test_the_root_disk_may_be_larger_than_the_template(cloud: Cloud) -> None:
    vm = cloud.machine(rootdisksize=40)
    [root] = cloud.api.items("listVolumes", virtualmachineid=vm["id"])
    assert root["size"] == 40 * GIB and counts(cloud)["primary_storage"] == 40 * GIB


def test_a_custom_offering_takes_its_size_from_the_details(cloud: Cloud) -> None:
    offering = service_offering(
        "custom", cpus=None, cpu_mhz=1000, memory_mib=None, is_customized=True, min_cpus=1, max_cpus=4,
        min_memory_mib=128, max_memory_mib=4096,
    )  # fmt: skip
    vm = cloud.machine(serviceofferingid=offering.uuid, details={"cpuNumber": 2, "memory": 1024, "keyboard": "de"})
    assert (vm["cpunumber"], vm["cpuspeed"], vm["memory"]) == (2, 1000, 1024)
    assert vm["details"] == {"keyboard": "de"}
    assert (counts(cloud)["cpu"], counts(cloud)["memory"]) == (2, 1024)


def test_user_data_is_kept_for_its_owner(cloud: Cloud) -> None:
    text = base64.b64encode(b"#!/bin/sh\necho secret-word\n").decode()
    vm = cloud.machine(userdata=text)
    shown = cloud.api.call("getVirtualMachineUserData", virtualmachineid=vm["id"])["virtualmachineuserdata"]
    assert shown == {"virtualmachineid": vm["id"], "userdata": text}
    assert "userdata" not in vm
    changed = base64.b64encode(b"other").decode()
    cloud.api.call("updateVirtualMachine", id=vm["id"], userdata=changed)
    assert (
        cloud.api.call("getVirtualMachineUserData", virtualmachineid=vm["id"])["virtualmachineuserdata"]["userdata"]
        == changed
    )


def test_several_networks_with_addresses_of_ones_own(cloud: Cloud) -> None:
    second = isolated(cloud)
    wanted = free_address(cloud.network)
    vm = cloud.machine(
        networkids=None,
        iptonetworklist=[
            {"networkid": cloud.network.uuid, "ip": wanted, "mac": "02:aa:00:00:00:07"},
            {"networkid": second.uuid},
        ],
    )
    assert [(nic["networkid"], nic["isdefault"]) for nic in vm["nic"]] == [
        (str(cloud.network.uuid), True), (str(second.uuid), False),
    ]  # fmt: skip
    assert (vm["nic"][0]["ipaddress"], vm["nic"][0]["macaddress"]) == (wanted, "02:aa:00:00:00:07")
    other = cloud.machine(networkids=f"{second.uuid},{cloud.network.uuid}", ipaddress=free_address(second))
    assert [nic["networkid"] for nic in other["nic"]] == [str(second.uuid), str(cloud.network.uuid)]
    check_invariants()


def test_without_networks_the_only_one_is_taken(cloud: Cloud, refusal: Any) -> None:
    assert cloud.machine(networkids=None)["nic"][0]["networkid"] == str(cloud.network.uuid)
    # An own network goes before those of all.
    own = isolated(cloud)
    assert cloud.machine(networkids=None)["nic"][0]["networkid"] == str(own.uuid)
    isolated(cloud)
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, networkids=None))
    assert error.code == 431 and "several networks" in error.text and "networkids" in error.text


def test_the_same_name_once_per_network(cloud: Cloud, refusal: Any) -> None:
    cloud.machine(name="db")
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, name="db"))
    assert error.code == 431 and "'db' already" in error.text
    assert VirtualMachine.objects.count() == 1 and Nic.objects.count() == 1
    assert cloud.machine(name="db", networkids=isolated(cloud).uuid)["name"] == "db"


def test_administrators_deploy_for_accounts_of_theirs(cloud: Cloud, refusal: Any) -> None:
    for client in (cloud.admin, cloud.sales_admin):
        vm = cloud.run(cloud.deploy(client, account="seller", domainid=cloud.account.domain.uuid))
        assert (vm["account"], vm["domainpath"]) == ("seller", "ROOT/sales")
    for client in (cloud.sales_admin, cloud.api):
        error = refusal(
            client, "deployVirtualMachine",
            **needed(cloud, account="lawyer", domainid=cloud.lawyer_account.domain.uuid),
        )  # fmt: skip
        assert error.code == 431
    assert VirtualMachine.objects.filter(account=cloud.account).count() == 2


def test_the_root_admin_chooses_the_place(cloud: Cloud) -> None:
    for host in cloud.hosts[:2]:
        for place in ({"hostid": host.uuid}, {"clusterid": host.cluster.uuid}, {"podid": host.pod.uuid}):
            vm = cloud.run(cloud.deploy(cloud.admin, **place))
            row = cloud.row(vm)
            assert row.host.cluster_id == host.cluster_id or "podid" in place
            assert row.host_id == host.pk or "hostid" not in place


def test_no_room_says_which_host_lacks_what(cloud: Cloud) -> None:
    huge = service_offering("huge", memory_mib=1 << 22)
    answer = cloud.deploy(cloud.admin, serviceofferingid=huge.uuid)
    done = cloud.ended(answer)
    assert done["jobstatus"] == 2 and done["jobresult"]["errorcode"] == 533
    assert "MiB" in done["jobresult"]["errortext"] and cloud.hosts[0].name in done["jobresult"]["errortext"]
    assert cloud.row(answer).state == "Error"
    check_invariants()
    [failed] = cloud.admin.items("listVirtualMachines", id=answer["id"])
    assert failed["state"] == "Error" and failed["nic"] == []


def test_a_driver_that_fails_is_quoted_and_leaves_nothing(cloud: Cloud) -> None:
    world.inject("start", "fault:the emulator is missing", count=None)
    answer = cloud.deploy()
    done = cloud.ended(answer)
    assert (done["jobstatus"], done["jobresult"]["errorcode"]) == (2, 534)
    assert "the emulator is missing" in done["jobresult"]["errortext"]
    assert counts(cloud) == {} and not Volume.objects.exists() and not Nic.objects.exists()
    check_invariants()


def needed(cloud: Cloud, **more: Any) -> dict[str, Any]:
    return {
        "zoneid": cloud.zone.uuid,
        "templateid": cloud.template.uuid,
        "serviceofferingid": cloud.offering.uuid,
        "networkids": cloud.network.uuid,
        **more,
    }


def isolated(cloud: Cloud) -> Network:
    """Another network of the tenant."""
    offering = next(
        offering for offering in cloud.api.items("listNetworkOfferings") if offering["guestiptype"] == "Isolated"
    )
    made = cloud.api.call(
        "createNetwork", name="own", displaytext="own", zoneid=cloud.zone.uuid, networkofferingid=offering["id"]
    )
    return Network.objects.get(uuid=made["network"]["id"])


def free_address(network: Network) -> str:
    """An address that nobody holds: cards get theirs by chance."""
    if network.guest_type == "Isolated":
        last = network.cidr.rpartition(".")[0] + ".200"
    else:
        last = str(network.ip_ranges(manager="objects").get().end_ip)
    taken = set(IpAllocation.objects.filter(network=network).values_list("address", flat=True))
    prefix, _, number = last.rpartition(".")
    return next(wish for wish in (f"{prefix}.{n}" for n in range(int(number), 0, -1)) if wish not in taken)
