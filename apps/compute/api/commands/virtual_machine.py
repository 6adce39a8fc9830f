"""What is done with one machine."""

from typing import Any

from apps.compute import events
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import UserData, VirtualMachine
from apps.compute.services.virtual_machine import VirtualMachineManager
from apps.compute.states import LeaseAction
from apps.infrastructure.api.refused import RefusedFlag
from apps.infrastructure.models import Cluster, Host, Pod
from apps.storage.models import GuestOs, Volume
from cloudstack.api import (
    ROOT,
    STRING,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Choice,
    Field,
    Flag,
    Int,
    Map,
    Ref,
    RefList,
    Response,
    Str,
    SuccessResponse,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

WITH_OWNER = ("account", "zone", "host")


class VmCommand(BaseAsyncCmd):
    """A command on one machine that a job carries out."""

    abstract = True
    response = VirtualMachineResponse

    vm = Ref("id", VirtualMachine, access=Access.OPERATE, required=True, select_related=WITH_OWNER, help="the machine")


class StartVirtualMachine(VmCommand):
    """Starts a stopped machine."""

    event_type = events.VM_START

    host = Ref("hostid", Host, help="start it on this host; root admins only")
    cluster = Ref("clusterid", Cluster, help="start it in this cluster; root admins only")
    pod = Ref("podid", Pod, help="start it in this pod; root admins only")
    boot_into_setup = RefusedFlag("bootintosetup")
    consider_last_host = Flag("considerlasthost", default=True, help="prefer the host that it ran on last")

    def execute(self) -> AsyncJob:
        return VirtualMachineManager().start(
            caller=self.caller,
            vm=self.vm,
            host=self.host,
            cluster=self.cluster,
            pod=self.pod,
            prefer_last_host=self.consider_last_host,
        )


class StopVirtualMachine(VmCommand):
    """Stops a running machine: the guest is asked first and cut off if it does not comply in time."""

    event_type = events.VM_STOP

    forced = Flag("forced", default=False, help="cut the power at once")

    def execute(self) -> AsyncJob:
        return VirtualMachineManager().stop(caller=self.caller, vm=self.vm, forced=self.forced)


class RebootVirtualMachine(VmCommand):
    """Restarts a running machine on its host."""

    event_type = events.VM_REBOOT

    boot_into_setup = RefusedFlag("bootintosetup")
    forced = Flag("forced", default=False, help="cut the power instead of asking the guest")

    def execute(self) -> AsyncJob:
        return VirtualMachineManager().reboot(caller=self.caller, vm=self.vm, forced=self.forced)


class DestroyVirtualMachine(VmCommand):
    """Destroys a machine; it can be recovered until it is expunged."""

    event_type = events.VM_DESTROY

    vm = Ref("id", VirtualMachine, access=Access.MODIFY, required=True, select_related=WITH_OWNER, help="the machine")
    expunge = Flag("expunge", default=False, help="remove it for good, with its root disk and addresses")
    volumes = RefList("volumeids", Volume, access=Access.MODIFY, help="data disks of it that go with it")

    def execute(self) -> AsyncJob:
        return VirtualMachineManager().destroy(
            caller=self.caller, vm=self.vm, expunge=self.expunge, volumes=self.volumes or ()
        )


class ExpungeVirtualMachine(BaseAsyncCmd):
    """Removes a destroyed machine for good."""

    response = SuccessResponse
    event_type = events.VM_EXPUNGE

    vm = Ref("id", VirtualMachine, access=Access.MODIFY, required=True, select_related=WITH_OWNER, help="the machine")

    def execute(self) -> AsyncJob:
        return VirtualMachineManager().expunge(caller=self.caller, vm=self.vm)


class RecoverVirtualMachine(BaseCmd):
    """Takes a destroyed machine back; it is stopped then."""

    response = VirtualMachineResponse
    event_type = events.VM_RECOVER

    vm = Ref("id", VirtualMachine, access=Access.MODIFY, required=True, select_related=WITH_OWNER, help="the machine")

    def execute(self) -> VirtualMachine:
        return VirtualMachineManager().recover(caller=self.caller, vm=self.vm)


class UpdateVirtualMachine(BaseCmd):
    """Changes properties of a machine; some show only at its next start."""

    response = VirtualMachineResponse
    event_type = events.VM_UPDATE

    vm = Ref("id", VirtualMachine, access=Access.MODIFY, required=True, select_related=WITH_OWNER, help="the machine")
    new_name = Str("name", max_length=63, help="new host name; the machine must be stopped")
    display_name = Str("displayname", help="new name for people")
    guest_os = Ref("ostypeid", GuestOs, help="guest operating system")
    user_data = Str(
        "userdata", max_length=2 << 20, secret=True, help="base64 text; the guest reads it at its next first boot"
    )
    source = Ref("userdataid", UserData, help="registered user data, instead of userdata")
    source_details = Map("userdatadetails", help="values of the variables in the user data")
    group = Str("group", help="instance group that it moves to, made when there is none of that name; empty: none")
    ha_enabled = Flag("haenable", help="restart it elsewhere when its host dies")
    displayed = Flag("displayvm", help="whether users see it; root admins only")
    dynamic_scaling = Flag("isdynamicallyscalable", help="whether it may grow while it runs")
    lease_days = Int("leaseduration", help="days from now until its lease is over; -1: none any more")
    lease_action = Choice("leaseexpiryaction", LeaseAction, help="what becomes of it then: STOP or DESTROY")
    delete_protection = Flag("deleteprotection", help="whether it cannot be destroyed")
    details = Map("details", help="options that replace those of the machine")
    clean_details = Flag("cleanupdetails", default=False, help="remove all options")

    def execute(self) -> VirtualMachine:
        asked = {
            "name": self.new_name,
            "display_name": self.display_name,
            "guest_os": self.guest_os,
            "user_data": self.user_data,
            "user_data_source": self.source,
            "user_data_details": self.source_details,
            "group": self.group,
            "ha_enabled": self.ha_enabled,
            "is_displayed": self.displayed if self.caller.is_root_admin else None,
            "dynamically_scalable": self.dynamic_scaling,
            "delete_protection": self.delete_protection,
            "lease_days": self.lease_days,
            "lease_action": self.lease_action,
            "details": {} if self.clean_details else self.details,
        }
        changes = {name: value for name, value in asked.items() if value is not None}
        if not changes:
            raise InvalidParameter("nothing to change: give at least one of name, displayname, userdata, details, …")
        return VirtualMachineManager().update(caller=self.caller, vm=self.vm, changes=changes)


class MigrateVirtualMachine(BaseAsyncCmd):
    """Moves a running machine to another host without stopping it."""

    roles = ROOT
    response = VirtualMachineResponse
    event_type = events.VM_MIGRATE

    vm = Ref(
        "virtualmachineid",
        VirtualMachine,
        access=Access.OPERATE,
        required=True,
        select_related=WITH_OWNER,
        help="the machine",
    )
    host = Ref("hostid", Host, help="where to; the best host of its cluster if left out")
    auto_select = Flag("autoselect", help="accepted; a host is chosen when hostid is left out")

    def execute(self) -> AsyncJob:
        return VirtualMachineManager().migrate(caller=self.caller, vm=self.vm, host=self.host)


class UserDataResponse(Response):
    object_name = "virtualmachineuserdata"

    virtualmachineid = Field(type=STRING, help="the machine")
    userdata = Field(type=STRING, help="its user data, base64")


class GetVirtualMachineUserData(BaseCmd):
    """Shows the user data of a machine."""

    response = UserDataResponse

    vm = Ref("virtualmachineid", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")

    def execute(self) -> dict[str, Any]:
        data = self.vm.user_data.reveal() if self.vm.user_data else ""
        return {"virtualmachineid": str(self.vm.uuid), "userdata": data}
