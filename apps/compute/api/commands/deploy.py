"""deployVirtualMachine: the command with the most parameters of all."""

import ipaddress
import uuid
from typing import Any

from apps.accounts.api.owner import OwnedCmd, project_ref
from apps.accounts.models import Account
from apps.accounts.services.ownership import resolve_owner
from apps.compute import events
from apps.compute.api.commands.guest_access import SetsPassword
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import AffinityGroup, ServiceOffering, UserData, VirtualMachine
from apps.compute.services.affinity_group import groups_named
from apps.compute.services.deployment import DataDisk, DeployRequest, NicRequest, project_of_networks
from apps.compute.services.ssh_key_pair import SshKeyPairManager
from apps.compute.services.virtual_machine import VirtualMachineManager
from apps.compute.states import LeaseAction
from apps.infrastructure.api.refused import RefusedFlag
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.network.models import Network
from apps.storage.models import DiskOffering, Template
from apps.storage.services.template_request import known_hypervisor
from apps.storage.services.volume_sizes import GIB, size_for
from cloudstack.api import (
    ROOT,
    BaseAsyncCreateCmd,
    Choice,
    Flag,
    Int,
    ListOf,
    Map,
    MapList,
    Ref,
    RefList,
    Rest,
    Secret,
    Str,
    Uuid,
    entity_for,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

USERDATA_MAX = 1 << 20
KEYBOARDS = (
    "de", "de-ch", "es", "es-latam", "fi", "fr", "fr-be", "fr-ch", "is", "it", "jp", "nl-be", "no", "pt", "uk", "us",
)  # fmt: skip
IO_POLICIES = ("native", "threads", "io_uring")


class DeployVirtualMachine(OwnedCmd, BaseAsyncCreateCmd, SetsPassword):
    """Creates a virtual machine and, unless startvm is false, starts it."""

    response = VirtualMachineResponse
    event_type = events.VM_CREATE
    rest = Rest("virtual-machines")

    zone = Ref("zoneid", Zone, required=True, help="where the machine is made")
    project = project_ref("project that owns it; that of its networks where neither a project nor an account is named")
    service_offering = Ref(
        "serviceofferingid",
        ServiceOffering,
        required=True,
        select_related=["disk_offering"],
        help="how large it is",
    )
    template = Ref(
        "templateid",
        Template,
        required=True,
        select_related=["guest_os"],
        help="what its root disk holds, or an ISO to boot",
    )
    vm_name = Str("name", max_length=63, help="host name: letters, digits and hyphens")
    display_name = Str("displayname", help="name for people")
    networks = RefList(
        "networkids", Network, help="networks, comma separated; the first one becomes the default network"
    )
    ip_address = Str("ipaddress", help="address in the default network")
    mac_address = Str("macaddress", help="MAC address of the default card")
    ip_to_network = MapList(
        "iptonetworklist",
        help="networks with addresses: iptonetworklist[0].networkid, .ip and .mac; not with networkids",
    )
    disk_offering = Ref(
        "diskofferingid", DiskOffering, help="adds a data disk of this kind; for an ISO the kind of the root disk"
    )
    data_disks = MapList(
        "datadisksdetails",
        help="data disks: datadisksdetails[0].diskofferingid, .size in GiB and .deviceid; not with diskofferingid",
    )
    root_offering = Ref("overridediskofferingid", DiskOffering, help="another kind of root disk than the offering's")
    custom_id = Uuid("customid", roles=ROOT, help="UUID of the machine; root admins only")
    data_disk_gib = Int("size", help="GiB of the data disk, for a custom disk offering")
    root_disk_gib = Int("rootdisksize", help="GiB of the root disk, where it shall be larger than the template's")
    user_data = Str(
        "userdata", max_length=USERDATA_MAX * 2, secret=True, help="base64 text that the guest reads at its first boot"
    )
    source = Ref("userdataid", UserData, help="registered user data, instead of userdata")
    source_details = Map("userdatadetails", help="values of the variables in the user data")
    password = Secret("password", help="password of the guest's administrator, where the template takes one")
    keypair = Str("keypair", help="name of an SSH key pair of the owner")
    keypairs = ListOf("keypairs", Str, help="names of SSH key pairs")
    group = Str("group", help="instance group that it joins; it is made when there is none of that name")
    affinity_groups = RefList("affinitygroupids", AffinityGroup, help="affinity groups that it joins")
    affinity_names = ListOf("affinitygroupnames", Str, help="names of affinity groups, instead of affinitygroupids")
    host = Ref("hostid", Host, help="start it on this host; root admins only")
    cluster = Ref("clusterid", Cluster, select_related=["pod"], help="start it in this cluster; root admins only")
    pod = Ref("podid", Pod, help="start it in this pod; root admins only")
    start = Flag("startvm", default=True, help="false: make it but do not start it")
    displayed = Flag("displayvm", default=True, roles=ROOT, help="whether users see it; root admins only")
    dynamic_scaling = Flag("dynamicscalingenabled", default=False, help="whether it may grow while it runs")
    hypervisor = Str("hypervisor", help="what runs the machine, for an ISO; a template says it itself")
    boot_type = Choice("boottype", ("BIOS", "UEFI"), help="BIOS; UEFI is refused")
    boot_mode = Choice("bootmode", ("LEGACY", "SECURE"), help="LEGACY; SECURE is refused")
    boot_into_setup = RefusedFlag("bootintosetup")
    keyboard = Choice("keyboard", KEYBOARDS, help="layout of the keyboard at its console")
    io_threads = Flag("iothreadsenabled", help="KVM: disks are served by a thread of their own")
    io_policy = Choice("iodriverpolicy", IO_POLICIES, help="KVM: how QEMU reads and writes its disks")
    queues = Int("nicmultiqueuenumber", minimum=-1, maximum=256, help="KVM: queues of each card; -1: one a CPU")
    packed = Flag("nicpackedvirtqueuesenabled", help="KVM: packed queues of cards")
    lease_days = Int("leaseduration", help="days until its lease is over; -1: none, whatever the offering says")
    lease_action = Choice("leaseexpiryaction", LeaseAction, help="what becomes of it then: STOP or DESTROY")
    copy_tags = Flag("copyimagetags", default=False, help="the machine gets the tags of its template")
    details = Map("details", help="cpuNumber, cpuSpeed and memory for a custom offering; options of the hypervisor")

    def execute(self) -> tuple[VirtualMachine, AsyncJob]:
        nics = self._nics()
        owner = self._owner(nics)
        names = [*([self.keypair] if self.keypair else []), *(self.keypairs or [])]
        request = DeployRequest(
            owner=owner,
            zone=self.zone,
            template=self.template,
            service_offering=self.service_offering,
            name=self.vm_name or "",
            display_name=self.display_name or "",
            nics=nics,
            vm_uuid=uuid.UUID(self.custom_id) if self.custom_id else None,
            data_disks=self._data_disks(),
            hypervisor=known_hypervisor(self.hypervisor) if self.hypervisor and self.template.is_iso else "",
            root_offering=self._root_offering(),
            root_disk_gib=self._root_disk_gib(),
            user_data=self.user_data or "",
            user_data_source=self.source,
            user_data_details=self.source_details or {},
            password=self.password,
            key_pairs=SshKeyPairManager().named(owner=owner, names=list(dict.fromkeys(names))),
            group=self.group or "",
            affinity_groups=self._affinity_groups(owner),
            host=self.host,
            cluster=self.cluster,
            pod=self.pod,
            start=self.start,
            displayed=self.displayed,
            dynamically_scalable=self.dynamic_scaling,
            lease_days=self.lease_days,
            lease_action=self.lease_action,
            copy_template_tags=self.copy_tags,
            details={**(self.details or {}), **self._tuning()},
        )
        return VirtualMachineManager().deploy(caller=self.caller, request=request)

    def _owner(self, nics: list[NicRequest]) -> Account:
        """Who names networks of a project and no owner means the project."""
        if self.account or self.domain is not None or self.project is not None:
            return self.owner()
        project = project_of_networks(caller=self.caller, networks=[nic.network for nic in nics])
        return resolve_owner(self.caller, project=project)

    def _affinity_groups(self, owner: Account) -> list[AffinityGroup]:
        if self.affinity_groups and self.affinity_names:
            raise InvalidParameter("give either affinitygroupids or affinitygroupnames", parameter="affinitygroupnames")
        if self.affinity_groups:
            return list(self.affinity_groups)
        return groups_named(owner=owner, names=self.affinity_names or [])

    def _root_offering(self) -> DiskOffering | None:
        """The disk of a machine that boots a disc is its root disk."""
        return self.root_offering or (self.disk_offering if self.template.is_iso else None)

    def _root_disk_gib(self) -> int | None:
        if self.root_disk_gib is not None or not self.template.is_iso or self.root_offering is not None:
            return self.root_disk_gib
        offering = self.disk_offering
        return size_for(offering, self.data_disk_gib) // GIB if offering is not None else None

    def _data_disks(self) -> list[DataDisk]:
        if not self.data_disks:
            if self.disk_offering is None or (self.template.is_iso and self.root_offering is None):
                return []
            return [DataDisk(offering=self.disk_offering, size_gib=self.data_disk_gib)]
        if self.disk_offering is not None and not self.template.is_iso:
            raise InvalidParameter(
                "datadisksdetails names all data disks; leave diskofferingid out", parameter="datadisksdetails"
            )
        return [self._data_disk(entry) for entry in self.data_disks]

    def _data_disk(self, entry: dict[str, str]) -> DataDisk:
        unknown = sorted(set(entry) - {"diskofferingid", "size", "deviceid"})
        if unknown:
            raise InvalidParameter(
                f"datadisksdetails takes diskofferingid, size and deviceid, not {unknown[0]}",
                parameter="datadisksdetails",
            )
        kind = entity_for(DiskOffering).get(
            caller=self.caller, uuid=entry.get("diskofferingid", ""), parameter="datadisksdetails"
        )
        return DataDisk(offering=kind, size_gib=_whole(entry, "size"), slot=_whole(entry, "deviceid"))

    def _tuning(self) -> dict[str, str]:
        """Options of the hypervisor that have parameters of their own."""
        for wire, value, possible in (("boottype", self.boot_type, "BIOS"), ("bootmode", self.boot_mode, "LEGACY")):
            if value not in (None, possible):
                raise InvalidParameter(f"{wire} {value} is not possible here; machines boot {possible}", parameter=wire)
        if self.queues == 0:
            raise InvalidParameter("nicmultiqueuenumber must be -1 or 1 to 256, not 0", parameter="nicmultiqueuenumber")
        told = {
            "keyboard": self.keyboard,
            "iothreads": None if self.io_threads is None else str(self.io_threads).lower(),
            "io.policy": self.io_policy,
            "nic.multiqueue.number": self.queues,
            "nic.packed.virtqueues.enabled": None if self.packed is None else str(self.packed).lower(),
        }
        return {name: str(value) for name, value in told.items() if value is not None}

    def _nics(self) -> list[NicRequest]:
        if self.ip_to_network:
            if self.networks or self.ip_address:
                raise InvalidParameter(
                    "iptonetworklist names networks and addresses itself; leave networkids and ipaddress out",
                    parameter="iptonetworklist",
                )
            return [self._nic(entry) for entry in self.ip_to_network]
        nics = [NicRequest(network=network) for network in self.networks or []]
        if nics:
            nics[0] = NicRequest(network=nics[0].network, ipv4=self._ip(self.ip_address), mac=self.mac_address or "")
        elif self.ip_address or self.mac_address:
            raise InvalidParameter("ipaddress and macaddress need networkids", parameter="ipaddress")
        return nics

    def _nic(self, entry: dict[str, Any]) -> NicRequest:
        network_id = entry.get("networkid")
        if not network_id:
            raise InvalidParameter("iptonetworklist[].networkid is missing", parameter="iptonetworklist")
        network = entity_for(Network).get(caller=self.caller, uuid=network_id, parameter="iptonetworklist")
        return NicRequest(network=network, ipv4=self._ip(entry.get("ip")), mac=entry.get("mac", ""))

    def _ip(self, text: str | None) -> str:
        try:
            return str(ipaddress.IPv4Address(text)) if text else ""
        except ValueError:
            raise InvalidParameter(f"ipaddress {text!r} is no IPv4 address", parameter="ipaddress") from None


def _whole(entry: dict[str, str], name: str) -> int | None:
    text = entry.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidParameter(
            f"datadisksdetails[].{name} must be a whole number, not {text[:40]!r}", parameter="datadisksdetails"
        )
    return int(text)
