"""What deployVirtualMachine refuses: with the right code, in words that help, and without leaving a row."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.compute.factories import service_offering, ssh_key_pair
from apps.compute.models import Nic, SshKeyPair, VirtualMachine
from apps.infrastructure.factories import HostFactory, ZoneFactory
from apps.infrastructure.states import AllocationState
from apps.network.factories import NetworkFactory
from apps.network.models import IpAllocation, MacAllocation, Network
from apps.storage.factories import TemplateFactory
from apps.storage.models import DiskOffering, Volume
from apps.storage.states import TemplateState
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiError

from .conftest import NOBODY, Cloud
from .test_deploy import needed

BASE64 = base64.b64encode(b"x").decode()


def nothing_left(cloud: Cloud) -> None:
    for model in (VirtualMachine, Volume, Nic):
        assert not model.all_objects.exists(), model
    assert not MacAllocation.objects.exists()
    assert not IpAllocation.objects.filter(purpose="nic").exists()
    assert not ResourceCount.objects.filter(account=cloud.account, count__gt=0).exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"zoneid": None}, "missing parameter zoneid"),
        ({"templateid": None}, "missing parameter templateid"),
        ({"serviceofferingid": None}, "missing parameter serviceofferingid"),
        ({"zoneid": NOBODY}, "zoneid"),
        ({"zoneid": "first"}, "zoneid"),
        ({"templateid": NOBODY}, "templateid"),
        ({"serviceofferingid": NOBODY}, "serviceofferingid"),
        ({"networkids": NOBODY}, "networkids"),
        ({"networkids": "a,b"}, "networkids"),
        ({"diskofferingid": NOBODY}, "diskofferingid"),
        ({"keypair": "nobody's"}, 'no key pair named "nobody\'s"'),
        ({"keypairs": "mine,other"}, "'other'"),
        ({"account": "seller2"}, "seller2"),
        ({"projectid": NOBODY}, "project"),
        ({"name": "1st"}, "'1st' is no host name"),
        ({"name": "under_score"}, "letters, digits and hyphens"),
        ({"name": "ends-"}, "not ending with a hyphen"),
        ({"name": "x" * 64}, "at most 63"),
        ({"name": "web.example.org"}, "no host name"),
        ({"displayname": "x" * 300}, "displayname"),
        ({"userdata": "not base64!"}, "userdata must be base64"),
        ({"userdata": base64.b64encode(b"x" * 32769).decode()}, "32769 bytes long; at most 32768"),
        ({"rootdisksize": 0}, "rootdisksize"),
        ({"rootdisksize": -4}, "rootdisksize"),
        ({"rootdisksize": 1}, "at least 2 GiB"),
        ({"rootdisksize": "big"}, "rootdisksize"),
        ({"ipaddress": "10.64.0"}, "'10.64.0' is no IPv4 address"),
        ({"ipaddress": "192.0.2.7"}, "cannot give 192.0.2.7"),
        ({"macaddress": "02:00"}, "macaddress"),
        ({"macaddress": "01:00:5e:00:00:01"}, "macaddress"),
        ({"networkids": None, "ipaddress": "10.64.0.20"}, "need networkids"),
        ({"iptonetworklist": [{"ip": "10.64.0.20"}]}, "networkid"),
        ({"rootdisksize": 1 << 30}, "1 to 2000 GiB"),
        ({"details": {"cpuNumber": 2}}, "goes with custom offerings only"),
        ({"size": "huge"}, "size"),
    ],
)
def test_bad_values(cloud: Cloud, refusal: Callable[..., ApiError], change: dict[str, Any], words: str) -> None:
    ssh_key_pair(cloud.account, "mine")
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, **change))
    assert error.code == 431, error.text
    assert words in error.text, error.text
    nothing_left(cloud)


def test_user_data_is_not_repeated_in_the_refusal(cloud: Cloud, refusal: Callable[..., ApiError], caplog: Any) -> None:
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, userdata="hunter2-is-no-base64!"))
    assert "hunter2" not in error.text and "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({}, "details[0].cpuNumber is needed"),
        ({"cpuNumber": 1}, "memory is needed"),
        ({"cpuNumber": 0, "memory": 512}, "positive whole number"),
        ({"cpuNumber": "two", "memory": 512}, "'two'"),
        ({"cpuNumber": 5, "memory": 512}, "allows 1 to 4"),
        ({"cpuNumber": 2, "memory": 64}, "allows 128 to 4096"),
        ({"cpuNumber": 2, "memory": 8192}, "allows 128 to 4096"),
        ({"cpuNumber": 2, "memory": 512, "cpuSpeed": 3000}, "fixed at 1000"),
        ({"cpuNumber": "9" * 4000, "memory": 512}, "positive whole number"),
        ({"cpuNumber": "２", "memory": 512}, "positive whole number"),
    ],
)
def test_bounds_of_a_custom_offering(
    cloud: Cloud, refusal: Callable[..., ApiError], details: dict[str, Any], words: str
) -> None:
    offering = service_offering(
        "custom", cpus=None, cpu_mhz=1000, memory_mib=None, is_customized=True, min_cpus=1, max_cpus=4,
        min_memory_mib=128, max_memory_mib=4096,
    )  # fmt: skip
    params = needed(cloud, serviceofferingid=offering.uuid, details=details or None)
    error = refusal(cloud.api, "deployVirtualMachine", **params)
    assert error.code == 431 and words in error.text, error.text
    nothing_left(cloud)


def test_an_unbounded_custom_offering_still_has_an_end(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    """Numbers beyond what the database or a host can hold are the caller's mistake, not a crash."""
    offering = service_offering("any", cpus=None, cpu_mhz=None, memory_mib=None, is_customized=True)
    for details in (
        {"cpuNumber": 40000, "cpuSpeed": 1000, "memory": 512},
        {"cpuNumber": 1, "cpuSpeed": 1 << 40, "memory": 512},
        {"cpuNumber": 1, "cpuSpeed": 1000, "memory": 1 << 70},
    ):
        params = needed(cloud, serviceofferingid=offering.uuid, details=details)
        error = refusal(cloud.admin, "deployVirtualMachine", **params)
        assert error.code == 431 and "details[]" in error.text, error.text
    nothing_left(cloud)


def test_sizes_of_data_disks(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    custom = DiskOffering.objects.create(name="any", is_custom=True)
    compute_only = cloud.offering.disk_offering
    for params, words in (
        ({"diskofferingid": custom.uuid}, "give the size in GiB"),
        ({"diskofferingid": custom.uuid, "size": 0}, "1 to 1024 GiB"),
        ({"diskofferingid": custom.uuid, "size": 1025}, "1 to 1024 GiB"),
        ({"diskofferingid": custom.uuid, "size": 1 << 50}, "size"),
        ({"diskofferingid": cloud.disk_offering.uuid, "size": 7}, "fixes the size at 5 GiB"),
        ({"diskofferingid": compute_only.uuid}, "diskofferingid"),
    ):
        error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, **params))
        assert error.code == 431 and words in error.text, (params, error.text)
    nothing_left(cloud)


def test_the_root_disk_of_a_strict_offering(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    offering = service_offering("strict", root_disk_gib=10)
    DiskOffering.objects.filter(pk=offering.disk_offering_id).update(size_is_strict=True)
    error = refusal(
        cloud.api, "deployVirtualMachine", **needed(cloud, serviceofferingid=offering.uuid, rootdisksize=20)
    )
    assert error.code == 431 and "fixed at 10 GiB" in error.text
    small = service_offering("small root", root_disk_gib=1)
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, serviceofferingid=small.uuid))
    assert error.code == 431 and "at least 2 GiB" in error.text
    nothing_left(cloud)


def test_a_disabled_zone_takes_no_machine(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    type(cloud.zone).objects.filter(pk=cloud.zone.pk).update(allocation_state=AllocationState.DISABLED)
    for client in (cloud.api, cloud.sales_admin):
        # Users do not even see it; who learned its UUID before is told as of one that is not there.
        assert refusal(client, "deployVirtualMachine", **needed(cloud)).code in (431, 531)
    error = refusal(cloud.admin, "deployVirtualMachine", **needed(cloud))
    assert error.code == 531 and "disabled" in error.text
    nothing_left(cloud)


def test_templates_that_cannot_be_used(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    mine = {"account": cloud.account, "is_cross_zone": False}
    elsewhere = ZoneFactory()
    for template, words in (
        (TemplateFactory(**mine, zones=[cloud.zone], state=TemplateState.DOWNLOADING), "not ready"),
        (TemplateFactory(**mine, zones=[cloud.zone], state=TemplateState.ERROR), "not ready"),
        (TemplateFactory(**mine, zones=[elsewhere]), "not available in zone"),
        (TemplateFactory(**mine, zones=[cloud.zone], bootable=False), "no bootable system"),
        (TemplateFactory(account=cloud.lawyer_account), "templateid"),
    ):
        error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, templateid=template.uuid))
        assert error.code == 431 and words in error.text, error.text
    nothing_left(cloud)


def test_offerings_that_cannot_be_used(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    gone, kept, elsewhere = (service_offering(name) for name in ("gone", "kept", "elsewhere"))
    cloud.admin.call("updateServiceOffering", id=gone.uuid, state="Inactive")
    kept.domains.set([cloud.lawyer_account.domain])
    elsewhere.zones.set([ZoneFactory()])
    for offering, words in ((gone, "no longer offered"), (kept, "serviceofferingid"), (elsewhere, "not offered in")):
        error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, serviceofferingid=offering.uuid))
        assert error.code == 431 and words in error.text, error.text
    nothing_left(cloud)


def test_networks_of_others_and_of_other_zones(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    theirs = NetworkFactory(account=cloud.lawyer_account, zone=cloud.zone)
    mine_elsewhere = NetworkFactory(account=cloud.account)
    for network, words in (
        (theirs.uuid, "networkids"),
        (mine_elsewhere.uuid, "not in zone"),
    ):
        error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, networkids=network))
        assert error.code == 431 and words in error.text, error.text
    # The root admin sees it, but it is not the owner's.
    owner = {"account": "seller", "domainid": cloud.account.domain.uuid}
    error = refusal(cloud.admin, "deployVirtualMachine", **needed(cloud, networkids=theirs.uuid, **owner))
    assert error.code == 431 and "may not use network" in error.text
    nothing_left(cloud)


def test_an_address_that_somebody_has(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    nic = cloud.machine()["nic"][0]
    for change in ({"ipaddress": nic["ipaddress"]}, {"macaddress": nic["macaddress"]}):
        error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, **change))
        assert error.code == 536 and "in use" in error.text, error.text
    assert VirtualMachine.objects.count() == Nic.objects.count() == 1


def test_only_root_admins_choose_a_place(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    host = cloud.hosts[0]
    for client in (cloud.api, cloud.sales_admin):
        for place in ({"hostid": host.uuid}, {"clusterid": host.cluster.uuid}, {"podid": host.pod.uuid}):
            assert refusal(client, "deployVirtualMachine", **needed(cloud, **place)).code in (431, 531)
    elsewhere = HostFactory()
    error = refusal(cloud.admin, "deployVirtualMachine", **needed(cloud, hostid=elsewhere.uuid))
    assert error.code == 431 and "not in zone" in error.text
    nothing_left(cloud)


def test_a_key_of_another_account(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    ssh_key_pair(cloud.lawyer_account, "theirs")
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, keypair="theirs"))
    assert error.code == 431 and SshKeyPair.objects.count() == 1
    nothing_left(cloud)


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (ResourceType.USER_VM, 0), (ResourceType.CPU, 0), (ResourceType.MEMORY, 511), (ResourceType.VOLUME, 1),
        (ResourceType.PRIMARY_STORAGE, 6),
    ],
)  # fmt: skip
def test_each_limit_is_respected(cloud: Cloud, refusal: Callable[..., ApiError], kind: ResourceType, most: int) -> None:
    ResourceLimit.objects.create(account=cloud.account, type=kind, max=most)
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud, diskofferingid=cloud.disk_offering.uuid))
    assert error.code == 535 and f"'{kind.label}'" in error.text
    nothing_left(cloud)


def test_a_network_without_a_free_address(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    span = cloud.network.ip_ranges(manager="objects").get()
    span.end_number = span.start_number
    span.end_ip = span.start_ip
    span.save()
    IpAllocation.objects.filter(network=cloud.network).delete()
    Network.objects.filter(pk=cloud.network.pk).update(dhcp_server="")
    cloud.deploy()
    error = refusal(cloud.api, "deployVirtualMachine", **needed(cloud))
    assert error.code == 533 and "no free address" in error.text
    assert VirtualMachine.objects.count() == 1
    assert AsyncJob.objects.filter(name="compute.vm.deploy").count() == 1


def test_ten_megabytes_of_user_data(cloud: Cloud) -> None:
    signed = cloud.api.sign({"command": "deployVirtualMachine", "response": "json", "userdata": "A" * (10 << 20)})
    response = cloud.api.http.post("/client/api?command=deployVirtualMachine&response=json", signed)
    assert response.status_code == 413
    body = response.json()["deployvirtualmachineresponse"]
    assert body["errorcode"] == 413 and "Traceback" not in body["errortext"]
    with pytest.raises(ApiError) as caught:
        cloud.api.call("deployVirtualMachine", method="POST", **needed(cloud, userdata="A" * (2 << 20) + "AAAA"))
    assert caught.value.code == 431 and "userdata" in caught.value.text
    nothing_left(cloud)
