"""Commands on machines of hypervisors that the cloud did not make."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.owner import OwnedCmd
from apps.compute import events
from apps.compute.api.responses.unmanaged import UnmanagedInstanceResponse, UnmanageResponse
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import ServiceOffering, UnmanagedVm, VirtualMachine
from apps.compute.selectors.unmanaged import unmanaged_visible_to
from apps.compute.services.importing import ImportRequest
from apps.compute.services.unmanaged import UnmanagedManager
from apps.compute.services.unmanaged_scan import UnmanagedScanManager
from apps.infrastructure.api.refused import RefusedFlag
from apps.infrastructure.models import Cluster, Host
from apps.network.models import Network
from apps.storage.models import DiskOffering, Template
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseListCmd,
    Flag,
    Map,
    MapList,
    Ref,
    Str,
    SuccessResponse,
    entity_for,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class ListUnmanagedInstances(BaseListCmd):
    """Lists machines on the hosts of a cluster that the cloud does not look after, as they were seen last.

    Hosts are asked every five minutes, and at once by scanUnmanagedInstances.
    """

    roles = ROOT
    response = UnmanagedInstanceResponse
    keyword_fields = ("name",)
    ordering = ("name", "id")
    id_filter = None
    ids_filter = None

    cluster = Ref("clusterid", Cluster, required=True, lookup="host__cluster", help="machines of this cluster")
    vm_name = Str("name", lookup="name", help="the machine of this name")

    def queryset(self) -> QuerySet[UnmanagedVm]:
        return unmanaged_visible_to(caller=self.caller)


class ScanUnmanagedInstances(BaseAsyncCmd):
    """Asks the hosts of a cluster anew which machines on them are not managed."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.VM_UNMANAGED_SCAN

    cluster = Ref("clusterid", Cluster, access=Access.OPERATE, required=True, help="the cluster")

    def execute(self) -> AsyncJob:
        return UnmanagedScanManager().scan(caller=self.caller, cluster=self.cluster)


class ImportUnmanagedInstance(OwnedCmd, BaseAsyncCmd):
    """Takes a machine over that the cloud did not make: it keeps its UUID and its disks and, if it runs, runs on."""

    roles = ROOT
    response = VirtualMachineResponse
    event_type = events.VM_IMPORT

    cluster = Ref("clusterid", Cluster, access=Access.OPERATE, required=True, help="cluster of its host")
    vm_name = Str("name", required=True, help="its name at the hypervisor, or its id")
    display_name = Str("displayname", help="name for people; its name at the hypervisor if left out")
    host_name = Str("hostname", help="host name; its name at the hypervisor if left out and possible")
    template = Ref("templateid", Template, help="template that it shall count as made of; one that holds nothing")
    service_offering = Ref(
        "serviceofferingid",
        ServiceOffering,
        required=True,
        select_related=["disk_offering"],
        help="offering of the same CPUs and memory, or a custom one, which takes them over",
    )
    networks = MapList(
        "nicnetworklist",
        help="networks of its cards: nicnetworklist[0].nic and .network; the owner's network of the same VLAN",
    )
    addresses = MapList(
        "nicipaddresslist",
        help="addresses of its cards: nicipaddresslist[0].nic and .ip4Address, or auto; what the guest tells",
    )
    disk_offerings = MapList(
        "datadiskofferinglist", help="offerings of its data disks: datadiskofferinglist[0].disk and .diskOffering; none"
    )
    details = Map("details", help="cpuSpeed, cpuNumber and memory for a custom offering; options of the hypervisor")
    migrate = RefusedFlag("migrateallowed")
    forced = Flag(
        "forced", default=False, help="a card of a machine that is off gets another MAC address when its own is taken"
    )

    def execute(self) -> AsyncJob:
        request = ImportRequest(
            cluster=self.cluster,
            name=self.vm_name,
            owner=self.owner(),
            service_offering=self.service_offering,
            template=self.template,
            host_name=self.host_name or "",
            display_name=self.display_name or "",
            networks=self._named("nicnetworklist", self.networks, "nic", "network", Network),
            addresses=self._pairs("nicipaddresslist", self.addresses, "nic", "ip4address"),
            disk_offerings=self._named(
                "datadiskofferinglist", self.disk_offerings, "disk", "diskoffering", DiskOffering
            ),
            details=self.details or {},
            forced=self.forced,
        )
        return UnmanagedManager().take_over(caller=self.caller, request=request)

    def _pairs(self, wire: str, rows: list[dict[str, str]] | None, key: str, value: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for row in rows or []:
            if not row.get(key) or not row.get(value) or set(row) - {key, value}:
                raise InvalidParameter(
                    f"{wire} needs {key} and {value} in each entry, and nothing else", parameter=wire
                )
            name = row[key].lower()
            if name in found:
                raise InvalidParameter(f"{wire} names {key} {name} twice", parameter=wire)
            found[name] = row[value]
        return found

    def _named(self, wire: str, rows: list[dict[str, str]] | None, key: str, value: str, model: type) -> dict[str, Any]:
        pairs = self._pairs(wire, rows, key, value)
        entity = entity_for(model)
        return {name: entity.get(caller=self.caller, uuid=uuid, parameter=wire) for name, uuid in pairs.items()}


class UnmanageVirtualMachine(BaseAsyncCmd):
    """Leaves a running machine to those who look after its hypervisor; the cloud forgets it, its disks stay."""

    roles = ROOT
    response = UnmanageResponse
    event_type = events.VM_UNMANAGE

    vm = Ref(
        "id",
        VirtualMachine,
        access=Access.MODIFY,
        required=True,
        select_related=["account", "host"],
        help="the machine",
    )
    host = Ref("hostid", Host, help="the host on which it runs; left out: that one")
    forced = Flag("forced", default=False, help="although there is a disc in its drive")

    def execute(self) -> AsyncJob:
        return UnmanagedManager().give_back(caller=self.caller, vm=self.vm, host=self.host, forced=self.forced)

    @classmethod
    def job_result(cls, job: Any, *, caller: Any) -> dict[str, Any] | None:
        """Its owner may look at the job too, and is not told on which host it runs."""
        return dict(job.result) if job.result and caller.is_root_admin else {"success": True}
