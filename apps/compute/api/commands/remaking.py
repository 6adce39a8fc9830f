"""Another size, another root disk, another owner: what makes a machine a different one."""

from typing import Any

from apps.accounts.api.owner import project_ref
from apps.accounts.models import Domain
from apps.accounts.services.ownership import resolve_owner
from apps.compute import events
from apps.compute.api.commands.guest_access import WITH_TEMPLATE, SetsPassword
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import ServiceOffering, VirtualMachine
from apps.compute.services.assignment import AssignmentManager
from apps.compute.services.reservations import ReservationManager
from apps.compute.services.restore import RestoreManager
from apps.compute.services.scaling import ScalingManager
from apps.network.models import Network
from apps.storage.models import DiskOffering, Template
from cloudstack.api import (
    ADMINS,
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Flag,
    Int,
    Map,
    Ref,
    RefList,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

SIZED = ("account__domain", "zone", "host", "service_offering")


class _Resize(BaseCmd):
    abstract = True

    vm = Ref("id", VirtualMachine, access=Access.OPERATE, required=True, select_related=SIZED, help="the machine")
    offering = Ref(
        "serviceofferingid",
        ServiceOffering,
        required=True,
        select_related=["disk_offering"],
        help="its new service offering",
    )
    details = Map("details", help="cpuNumber, cpuSpeed and memory for a custom offering")


class ChangeServiceForVirtualMachine(_Resize):
    """Gives a stopped machine another service offering; its root disk stays as it is."""

    response = VirtualMachineResponse
    event_type = events.VM_UPGRADE

    def execute(self) -> VirtualMachine:
        return ScalingManager().change_offering(
            caller=self.caller, vm=self.vm, offering=self.offering, details=self.details or {}
        )


class ScaleVirtualMachine(_Resize, BaseAsyncCmd):
    """Gives a stopped machine another service offering. No hypervisor here resizes a machine that runs."""

    response = VirtualMachineResponse  # clients take the machine out of the job's result
    event_type = events.VM_UPGRADE

    def execute(self) -> AsyncJob:
        return ScalingManager().scale(
            caller=self.caller, vm=self.vm, offering=self.offering, details=self.details or {}
        )


class RestoreVirtualMachine(SetsPassword):
    """Makes the root disk of a machine anew from its template or another one; what was on it is lost.

    A machine that runs is stopped for it and started again.
    """

    response = VirtualMachineResponse
    event_type = events.VM_RESTORE

    vm = Ref(
        "virtualmachineid",
        VirtualMachine,
        access=Access.OPERATE,
        required=True,
        select_related=WITH_TEMPLATE,
        help="the machine",
    )
    template = Ref("templateid", Template, help="another template")
    disk_offering = Ref("diskofferingid", DiskOffering, help="another kind of root disk")
    root_disk_gib = Int("rootdisksize", minimum=1, help="size of the new disk in GiB; that of the old one if left out")
    details = Map("details", help="rootdisksize, instead of the parameter of that name")
    expunge = Flag("expunge", default=False, help="delete the old disk at once; else it can be recovered for a time")

    def execute(self) -> AsyncJob:
        return RestoreManager().restore(
            caller=self.caller,
            vm=self.vm,
            template=self.template,
            disk_offering=self.disk_offering,
            root_disk_gib=self._root_disk_gib(),
            expunge=self.expunge,
        )

    def _root_disk_gib(self) -> int | None:
        told = {name.lower(): value for name, value in (self.details or {}).items()}
        size = told.pop("rootdisksize", None)
        if told:
            raise InvalidParameter(f"details takes rootdisksize, not {sorted(told)[0]}", parameter="details")
        if size is None or self.root_disk_gib is not None:
            return self.root_disk_gib
        if not (size.isascii() and size.isdigit() and 0 < len(size) <= 9 and int(size)):
            raise InvalidParameter(
                f"details: rootdisksize must be GiB as a whole number above 0, not {size[:40]!r}", parameter="details"
            )
        return int(size)


class AssignVirtualMachine(BaseCmd):
    """Gives a stopped machine and its disks to another account."""

    roles = ADMINS
    response = VirtualMachineResponse
    event_type = events.VM_MOVE

    vm = Ref(
        "virtualmachineid",
        VirtualMachine,
        access=Access.MODIFY,
        required=True,
        select_related=SIZED,
        help="the machine, stopped",
    )
    account = Str("account", help="the account that gets it, together with domainid")
    domain = Ref("domainid", Domain, help="domain of that account")
    project = project_ref("project that gets it, instead of an account")
    networks = RefList(
        "networkids",
        Network,
        help="networks of its cards then, the first one the default; those that it has, or the new owner's if left out",
    )

    def execute(self) -> Any:
        if not (self.account or self.project):
            raise InvalidParameter("give account and domainid, or projectid", parameter="account")
        owner = resolve_owner(self.caller, self.account, self.domain, project=self.project)
        return AssignmentManager().assign(caller=self.caller, vm=self.vm, owner=owner, networks=self.networks or ())


class CleanVMReservations(BaseAsyncCmd):
    """Releases promises of CPU and memory on hosts that no machine needs."""

    name = "cleanVMReservations"
    roles = ROOT
    response = SuccessResponse
    event_type = events.VM_RESERVATION_CLEANUP

    def execute(self) -> AsyncJob:
        return ReservationManager().clean(caller=self.caller)
