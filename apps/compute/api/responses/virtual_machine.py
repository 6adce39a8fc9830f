"""A virtual machine on the wire."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from apps.accounts.api.attached import Annotated, Iconed, Tagged, details_in
from apps.accounts.api.responses.owner import OwnerFields
from apps.compute.api.responses.affinity_group import AffinityGroupOfVmResponse
from apps.compute.api.responses.nic import NicResponse
from apps.compute.api.responses.usage import MetricFields, TotalMetricFields, TotalUsageFields, UsageFields
from apps.compute.models import AffinityMembership, Nic, VirtualMachine, VolumeAttachment
from apps.compute.models.virtual_machine import instance_name
from apps.compute.services.protected_details import protected_details
from apps.network.models import NetworkRule
from cloudstack.api import BOOL, DATE, INT, LIST, LONG, STRING, Children, Field
from cloudstack.api.fields import FieldType
from cloudstack.contracts.network import RuleKind


def _none(row: dict[str, Any]) -> list[Any]:
    return []


def _root_disks() -> QuerySet[VolumeAttachment]:
    return VolumeAttachment.objects.filter(vm=OuterRef("pk"), device_id=0).order_by()


def _static_nat() -> QuerySet[NetworkRule]:
    return NetworkRule.objects.filter(vm_uuid=OuterRef("uuid"), kind=RuleKind.STATIC_NAT).order_by("pk")


def _days_left(end: datetime | None) -> int | None:
    return None if end is None else max(0, -((timezone.now() - end) // timedelta(days=1)))


class VirtualMachineResponse(OwnerFields, UsageFields, Tagged, Iconed, Annotated):
    object_name = "virtualmachine"
    model = VirtualMachine

    id = Field("uuid", help="UUID of the machine")
    name = Field(help="host name inside the guest")
    displayname = Field("display_name", help="name for people")
    userid = Field("user__uuid", help="user who deployed it")
    username = Field("user__username", help="name of the user who deployed it")
    created = Field(type=DATE, help="when it was deployed")
    lastupdated = Field("updated", type=DATE, help="when its properties were changed last")
    state = Field(help="Starting, Running, Stopping, Stopped, Migrating, Destroyed, Expunging or Error")
    groupid = Field("group__uuid", help="its instance group")
    group = Field("group__name", help="name of its instance group")
    haenable = Field("ha_enabled", type=BOOL, help="whether it is to be restarted elsewhere when its host dies")
    zoneid = Field("zone__uuid", help="its zone")
    zonename = Field("zone__name", help="name of its zone")
    hostid = Field("host__uuid", admin_only=True, help="host that it runs on")
    hostname = Field("host__name", admin_only=True, help="name of that host")
    hostcontrolstate = Field("host__resource_state", admin_only=True, help="whether that host is in maintenance")
    templateid = Field("template__uuid", help="its template")
    templatename = Field("template__name", help="name of its template")
    templatedisplaytext = Field("template__display_text", help="description of its template")
    templatetype = Field("template__type", help="USER, BUILTIN or SYSTEM")
    templateformat = Field("template__format", help="image format of its template")
    isoid = Field("drive__iso__uuid", help="ISO in its drive")
    isoname = Field("drive__iso__name", help="name of that ISO")
    isodisplaytext = Field("drive__iso__display_text", help="description of that ISO")
    passwordenabled = Field("template__password_enabled", type=BOOL, help="whether the password can be reset")
    serviceofferingid = Field("service_offering__uuid", help="its service offering")
    serviceofferingname = Field("service_offering__name", help="name of its service offering")
    diskofferingid = Field("service_offering__disk_offering__uuid", help="kind of root disk of its service offering")
    diskofferingname = Field("service_offering__disk_offering__name", help="name of that kind")
    cpunumber = Field("cpus", type=INT, help="virtual CPUs")
    cpuspeed = Field("cpu_mhz", type=INT, help="promised MHz of one virtual CPU")
    memory = Field("memory_mib", type=INT, help="memory in MiB")
    guestosid = Field("guest_os__uuid", help="guest operating system")
    ostypeid = Field("guest_os__uuid", help="guest operating system")
    osdisplayname = Field("guest_os__description", help="name of the guest operating system")
    rootdeviceid = Field(compute=lambda row: 0, type=INT, help="slot of the root disk")
    rootdevicetype = Field(compute=lambda row: "ROOT", type=STRING, help="kind of the root disk")
    boottype = Field(compute=lambda row: "BIOS", type=STRING, help="firmware that it boots with")
    bootmode = Field(compute=lambda row: "Legacy", type=STRING, help="mode of that firmware")
    hypervisor = Field(help="KVM, VMware or Simulator")
    instancename = Field(
        compute=lambda row: instance_name(row["uuid"]),
        needs=("uuid",),
        type=STRING,
        admin_only=True,
        help="name on the hypervisor",
    )
    keypairs = Field(
        compute=lambda row: row["key_pair_names"] or None, needs=("key_pair_names",), type=STRING, help="its SSH keys"
    )
    password = Field(
        compute=lambda row: None, type=STRING, help="the guest's password, in the result of the job that set it"
    )
    userdataid = Field("user_data_source__uuid", help="registered user data that it was given")
    userdataname = Field("user_data_source__name", help="name of that user data")
    userdatapolicy = Field("template__user_data_link__policy", help="whether its own replaces its template's user data")
    userdatadetails = Field(
        compute=lambda row: row["user_data_details"].reveal() if row["user_data_details"] else None,
        needs=("user_data_details",),
        type=STRING,
        help="values of the variables in its user data, as JSON",
    )
    details = details_in(VirtualMachine, "details", help="options of the machine")
    displayvm = Field("is_displayed", type=BOOL, admin_only=True, help="whether users see it")
    isdynamicallyscalable = Field("dynamically_scalable", type=BOOL, help="whether it can grow while it runs")
    deleteprotection = Field("delete_protection", type=BOOL, help="whether it cannot be destroyed")
    leaseduration = Field(
        compute=lambda row: _days_left(row["lease_expires"]),
        needs=("lease_expires",),
        type=INT,
        help="days until its lease is over",
    )
    leaseexpirydate = Field("lease_expires", type=DATE, help="when its lease is over")
    leaseexpiryaction = Field(
        compute=lambda row: row["lease_action"] or None,
        needs=("lease_action",),
        type=STRING,
        help="what becomes of it then: STOP or DESTROY",
    )
    arch = Field("template__architecture", help="CPU architecture")
    vmtype = Field(compute=lambda row: "User", type=STRING, help="kind of machine")
    pooltype = Field(
        expression=lambda: Subquery(_root_disks().values("volume__pool__type")[:1]),
        type=STRING,
        admin_only=True,
        help="kind of storage of its root disk; lists show it with details=volume",
    )
    receivedbytes = Field("usage__total_net_rx_bytes", type=LONG, help="bytes that it received since it was started")
    sentbytes = Field("usage__total_net_tx_bytes", type=LONG, help="bytes that it sent since it was started")
    readonlydetails = Field(compute=lambda row: None, type=STRING, help="details that only root admins set or change")
    publicip = Field(
        expression=lambda: Subquery(_static_nat().values("address__address")[:1]),
        type=STRING,
        help="public address that stands for it (static NAT)",
    )
    publicipid = Field(
        expression=lambda: Subquery(_static_nat().values("address__uuid")[:1]),
        type=FieldType.UUID,
        help="UUID of that address",
    )
    ipaddress = Field(compute=lambda row: None, type=STRING, help="address of its default card")
    forvirtualnetwork = Field(compute=lambda row: None, type=BOOL, help="whether a card is in an isolated network")
    nic = Children(
        NicResponse,
        parent="vm_id",
        queryset=lambda: Nic.objects.order_by("device_id"),
        many=True,
        help="network cards",
    )
    securitygroup = Field(compute=_none, type=LIST, help="security groups")
    affinitygroup = Children(
        AffinityGroupOfVmResponse,
        parent="vm_id",
        queryset=lambda: AffinityMembership.objects.order_by("group"),
        many=True,
        help="affinity groups",
    )

    @classmethod
    def render_with(cls, *arguments: Any, **options: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """What the cards tell of the machine is read from the cards that are shown anyway."""
        asked = not options["caller"].is_root_admin and "readonlydetails" not in options.get("omit", ())
        protected = ", ".join(protected_details()) if asked else ""
        for extra, body in super().render_with(*arguments, **options):
            if protected:
                body["readonlydetails"] = protected
            for card in body.get("nic", ()):
                body["forvirtualnetwork"] = body.get("forvirtualnetwork", False) or card["type"] == "Isolated"
                if card["isdefault"] and "ipaddress" in card:
                    body["ipaddress"] = card["ipaddress"]
            yield extra, body


class ListedVirtualMachineResponse(VirtualMachineResponse):
    """A machine in a list, which can be asked for what no other answer shows."""

    userdata = Field(
        compute=lambda row: row["user_data"].reveal() if row["user_data"] else None,
        needs=("user_data",),
        type=STRING,
        help="its user data, base64; shown with userdata=true",
    )


class AccumulatedVirtualMachineResponse(TotalUsageFields, ListedVirtualMachineResponse):
    """The same with what it used since it was started."""


class VirtualMachineMetricsResponse(MetricFields, ListedVirtualMachineResponse):
    """A machine and what it uses, in words of people."""


class AccumulatedMetricsResponse(TotalMetricFields, AccumulatedVirtualMachineResponse):
    """The same with what it used since it was started."""
