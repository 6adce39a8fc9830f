"""A small cloud for tests: built by the same commands as any other, on drivers of the stage or of the plugin tested."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.accounts.factories import AccountFactory, UserFactory
from apps.accounts.models import User
from apps.infrastructure.services.hypervisors import seed_capabilities
from apps.storage.services.guest_os import seed_guest_oses
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from cloudstack.testing.stage import NAME, SEGMENT, World, stage
from cloudstack.testing.tenants import Tenants, make_tenants
from cloudstack.testing.web import ALLOWED, RAW_IMAGE, served

Shown = dict[str, Any]
"""An object as a command of the API shows it: ``zone["id"]``."""


@dataclass(frozen=True, kw_only=True)
class SmallCloud:
    """A zone with a pod, a cluster, hosts, a pool, an image store, a template, offerings and the owner's network."""

    tenants: Tenants
    world: World
    """What the drivers of the stage have been told."""
    zone: Shown
    pod: Shown
    cluster: Shown
    hosts: Sequence[Shown]
    pool: Shown
    image_store: Shown
    template: Shown
    service_offering: Shown
    disk_offering: Shown
    network: Shown

    @property
    def root(self) -> ApiClient:
        return self.tenants.root

    def run(self, answer: Shown) -> Shown:
        """Carry out all jobs; what the one of ``answer`` made, which must succeed."""
        return _result(self.tenants, answer)

    def deploy(self, client: ApiClient | None = None, **more: Any) -> Shown:
        """Ask for a machine as the owner or ``client``: ``{"id", "jobid"}``. ``more`` is for deployVirtualMachine."""
        usual = {
            "zoneid": self.zone["id"],
            "templateid": self.template["id"],
            "serviceofferingid": self.service_offering["id"],
            "networkids": self.network["id"],
        }
        return (client or self.tenants.owner).call("deployVirtualMachine", **{**usual, **more})

    def machine(self, client: ApiClient | None = None, **more: Any) -> Shown:
        """A machine that runs."""
        return self.run(self.deploy(client, **more))


@contextlib.contextmanager
def small_cloud(
    *,
    hypervisor: str = NAME,
    hosts: Sequence[str] = ("stage://host-1", "stage://host-2"),
    host_details: Mapping[str, str] | None = None,
    pool: str = "stage://pool/primary",
    image_store: tuple[str, str] = (NAME, "stage://images"),
    template_format: str = "QCOW2",
    providers: Mapping[str, str] | None = None,
    tenants: Tenants | None = None,
) -> Iterator[SmallCloud]:
    """Needs the database. What is not given is played by the stage, so that one driver is tried at a time.

    ``hypervisor`` and the URLs of its ``hosts`` as ``addHost`` has them, ``pool`` the URL of createStoragePool,
    ``image_store`` provider and URL of addImageStore, ``template_format`` QCOW2 or RAW (a store of a plugin gets a raw
    image of a MiB, which the core downloads), ``providers`` service → network element, for some of Dhcp, Dns, UserData
    and Connectivity. Every job must succeed.
    """
    with stage(hypervisor) as world:
        people = tenants or make_tenants()
        if not User.objects.filter(account__is_system=True).exists():
            UserFactory(username="system", account=AccountFactory(name="system", is_system=True, root_admin=True))
        seed_guest_oses()
        seed_capabilities()
        yield _build(
            people,
            world,
            hypervisor,
            hosts,
            host_details,
            pool,
            image_store,
            template_format,
            {**dict.fromkeys(("Dhcp", "Dns", "UserData"), NAME), "Connectivity": SEGMENT, **(providers or {})},
        )


def _build(
    tenants: Tenants,
    world: World,
    hypervisor: str,
    hosts: Sequence[str],
    host_details: Mapping[str, str] | None,
    pool: str,
    image_store: tuple[str, str],
    template_format: str,
    providers: Mapping[str, str],
) -> SmallCloud:
    root = tenants.root
    call = root.call
    dns = {"dns1": "192.0.2.53", "internaldns1": "192.0.2.54"}
    zone = call("createZone", name="zone", networktype="Advanced", guestcidraddress="10.1.1.0/24", **dns)["zone"]
    here = {"zoneid": zone["id"]}
    _wires(tenants, here, providers)
    addresses = {"gateway": "192.0.2.1", "netmask": "255.255.255.0", "startip": "192.0.2.10", "endip": "192.0.2.50"}
    pod = call("createPod", **here, name="pod", **addresses)["pod"]
    place = {**here, "podid": pod["id"]}
    kind = {"hypervisor": hypervisor}
    [cluster] = call("addCluster", **place, **kind, clustername="cluster", clustertype="CloudManaged")["cluster"]
    place["clusterid"] = cluster["id"]
    for url in hosts:
        call("addHost", **place, **kind, url=url, details=dict(host_details) if host_details else None)
    provider, address = image_store
    call("createStoragePool", **place, name="pool", url=pool, scope="CLUSTER")
    call("addImageStore", **here, name="images", provider=provider, url=address)
    run_jobs()
    up = root.items("listHosts", **here, type="Routing")
    assert [one["state"] for one in up] == ["Up"] * len(hosts), f"the hosts are not Up: {up}"
    [pool_up] = root.items("listStoragePools", **here)
    [store] = root.items("listImageStores", **here)
    assert pool_up["state"] == "Up", f"the pool is not Up: {pool_up}"
    ready = _template(root, {**here, **kind}, "" if provider == NAME else "RAW", template_format)
    zone = call("updateZone", id=zone["id"], allocationstate="Enabled")["zone"]
    size = {"cpunumber": 1, "cpuspeed": 500, "memory": 256}
    offering = call("createServiceOffering", name="small", displaytext="small", **size)["serviceoffering"]
    disk = call("createDiskOffering", name="disk", displaytext="5 GiB", disksize=5)["diskoffering"]
    [kind_of_network] = root.items("listNetworkOfferings", name="small")
    wanted = {"name": "net", "displaytext": "net", "networkofferingid": kind_of_network["id"]}
    network = tenants.owner.call("createNetwork", **here, **wanted)["network"]
    return SmallCloud(
        tenants=tenants,
        world=world,
        zone=zone,
        pod=pod,
        cluster=cluster,
        hosts=up,
        pool=pool_up,
        image_store=store,
        template=ready,
        service_offering=offering,
        disk_offering=disk,
        network=network,
    )


def _template(root: ApiClient, place: Mapping[str, str], real: str, pretended: str) -> Shown:
    """A template in the only store; ``real``: format of an image that is really downloaded."""
    [guest_os] = root.items("listOsTypes", description="Other Linux (64-bit)")
    image = {"name": "small", "displaytext": "small", "ostypeid": guest_os["id"], "ispublic": True}
    with contextlib.ExitStack() as stack:
        url = f"https://images.example.org/small.{pretended.lower()}"
        if real:
            root.call("updateConfiguration", name=ALLOWED[0], value=ALLOWED[1])
            url = stack.enter_context(served(RAW_IMAGE))
        root.call("registerTemplate", **place, **image, format=real or pretended, url=url)
        run_jobs()
    [template] = root.items("listTemplates", zoneid=place["zoneid"], templatefilter="all")
    assert template["isready"], f"the template is not ready: {template}"
    return template


def _wires(tenants: Tenants, here: Mapping[str, str], providers: Mapping[str, str]) -> None:
    """The physical network, its providers, and an offering of networks with their services."""
    root = tenants.root
    physical = _result(
        tenants, root.call("createPhysicalNetwork", **here, name="wires", isolationmethods="VXLAN", vlan="5000-5999")
    )
    wires = {"physicalnetworkid": physical["id"]}
    for traffic in ("Guest", "Management"):
        root.call("addTrafficType", **wires, traffictype=traffic, kvmnetworklabel="guest0")
    root.call("updatePhysicalNetwork", id=physical["id"], state="Enabled")
    run_jobs()
    known = {one["name"]: one for one in root.items("listNetworkServiceProviders", **wires)}
    for name in dict.fromkeys(providers.values()):
        row = known.get(name) or _result(tenants, root.call("addNetworkServiceProvider", **wires, name=name))
        root.call("updateNetworkServiceProvider", id=row["id"], state="Enabled")
    run_jobs()
    root.call(
        "createNetworkOffering",
        name="small",
        displaytext="small",
        guestiptype="Isolated",
        traffictype="GUEST",
        supportedservices=",".join(providers),
        serviceproviderlist=[{"service": service, "provider": name} for service, name in providers.items()],
        enable=True,
    )


def _result(tenants: Tenants, answer: Shown) -> Shown:
    done = tenants.run(answer)
    assert done["jobstatus"] == 1, f"the job failed: {done['jobresult']}"
    result: Shown = done["jobresult"]
    return next(iter(result.values())) if len(result) == 1 else result
