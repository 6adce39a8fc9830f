"""Passwords, keys and user data of machines."""

from collections.abc import Iterable, Mapping
from typing import Any

from apps.accounts.api.owner import project_ref
from apps.accounts.models import Account, Domain
from apps.accounts.services.ownership import resolve_owner
from apps.compute import events
from apps.compute.api.commands.virtual_machine import WITH_OWNER
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import UserData, VirtualMachine
from apps.compute.selectors import vms_visible_to
from apps.compute.services.guest_access import GuestAccessManager
from apps.compute.services.passwords import encrypted_password
from apps.compute.services.ssh_key_pair import SshKeyPairManager
from cloudstack.api import (
    STRING,
    Access,
    BaseAsyncCmd,
    BaseCmd,
    Field,
    ListOf,
    Map,
    Ref,
    Response,
    Rest,
    Secret,
    Str,
)
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob

WITH_TEMPLATE = (*WITH_OWNER, "template")


def passwords_of(jobs: Iterable[AsyncJob], *, caller: Caller) -> Mapping[int, dict[str, Any]]:
    """The password in the result of the job that set it, as long as it is the machine's; for who may operate it."""
    by_uuid = {job.uuid: job.pk for job in jobs}
    machines = vms_visible_to(caller=caller, access=Access.OPERATE).filter(password_job__in=by_uuid)
    rows = machines.exclude(password=None).values_list("password_job", "password")
    return {by_uuid[job]: {"password": password.reveal()} for job, password in rows}


class SetsPassword(BaseAsyncCmd):
    """A command whose result shows the password that it set."""

    abstract = True

    @classmethod
    def job_extras(cls, jobs: Iterable[Any], *, caller: Caller) -> Mapping[int, dict[str, Any]]:
        return passwords_of(jobs, caller=caller)


class ResetPasswordForVirtualMachine(SetsPassword):
    """Gives a stopped machine another password, which its guest takes at its next start."""

    response = VirtualMachineResponse
    event_type = events.VM_RESETPASSWORD

    vm = Ref(
        "id", VirtualMachine, access=Access.OPERATE, required=True, select_related=WITH_TEMPLATE, help="the machine"
    )
    password = Secret("password", help="the new password; one is made if left out")

    def execute(self) -> AsyncJob:
        return GuestAccessManager().reset_password(caller=self.caller, vm=self.vm, password=self.password)


class VmPasswordResponse(Response):
    object_name = "password"

    encryptedpassword = Field(type=STRING, help="the password, base64, for the private half of the machine's RSA key")


class GetVMPassword(BaseCmd):
    """Shows the password of a machine, encrypted with its SSH key."""

    rest = Rest("virtual-machines", action="password", method="GET")
    name = "getVMPassword"
    response = VmPasswordResponse

    vm = Ref("id", VirtualMachine, access=Access.OPERATE, required=True, help="the machine")

    def execute(self) -> dict[str, Any]:
        return {"encryptedpassword": encrypted_password(self.vm)}


class _WithOwner(BaseCmd):
    abstract = True

    account = Str("account", help="account that owns the machine, together with domainid; found by the machine")
    domain = Ref("domainid", Domain, help="domain of that account")
    project = project_ref("project that owns the machine; found by the machine")

    def check_owner(self, vm: VirtualMachine) -> Account:
        """The machine's owner; raises ``InvalidParameter`` when another one is named."""
        if self.account or self.project:
            named = resolve_owner(self.caller, self.account, self.domain, project=self.project)
            if named.pk != vm.account_id:
                raise InvalidParameter(f"machine {vm} is not account {named}'s", parameter="account")
        return vm.account


class ResetSSHKeyForVirtualMachine(_WithOwner, SetsPassword):
    """Gives a stopped machine other SSH keys, which its guest takes at its next start."""

    name = "resetSSHKeyForVirtualMachine"
    response = VirtualMachineResponse
    event_type = events.VM_RESETSSHKEY

    vm = Ref(
        "id", VirtualMachine, access=Access.OPERATE, required=True, select_related=WITH_TEMPLATE, help="the machine"
    )
    keypair = Str("keypair", help="name of an SSH key pair of its owner")
    keypairs = ListOf("keypairs", Str, help="names of SSH key pairs")

    def execute(self) -> AsyncJob:
        owner = self.check_owner(self.vm)
        names = dict.fromkeys([*([self.keypair] if self.keypair else []), *(self.keypairs or [])])
        pairs = SshKeyPairManager().named(owner=owner, names=list(names))
        return GuestAccessManager().reset_keys(caller=self.caller, vm=self.vm, pairs=pairs)


class ResetUserDataForVirtualMachine(_WithOwner):
    """Gives a stopped machine other user data, which its guest takes at its next start."""

    response = VirtualMachineResponse
    event_type = events.VM_RESETUSERDATA

    vm = Ref(
        "id", VirtualMachine, access=Access.OPERATE, required=True, select_related=WITH_TEMPLATE, help="the machine"
    )
    user_data = Str("userdata", max_length=2 << 20, secret=True, help="base64 text")
    source = Ref("userdataid", UserData, help="registered user data, instead of userdata")
    details = Map("userdatadetails", help="values of the variables in the user data")

    def execute(self) -> VirtualMachine:
        self.check_owner(self.vm)
        return GuestAccessManager().reset_user_data(
            caller=self.caller, vm=self.vm, text=self.user_data or "", source=self.source, details=self.details or {}
        )
