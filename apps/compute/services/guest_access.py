"""Intent on how one gets into a guest: its password, its keys, its user data.

The guest reads them when it sets itself up, at its first boot. After a reset it finds another identity on its seed
and does so once more at its next start.
"""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F

from apps.compute import events
from apps.compute.models import SshKeyPair, UserData, VirtualMachine
from apps.compute.services.passwords import check_password, password_for
from apps.compute.services.settled import expect_settled, hold_and_dispatch
from apps.compute.services.user_data import chosen_user_data
from apps.compute.states import VmState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob
from cloudstack.framework.secrets import Secret


class GuestAccessManager:
    """Replaces what a stopped machine's guest takes at its next start."""

    @transaction.atomic
    def reset_password(self, *, caller: Caller, vm: VirtualMachine, password: Secret | None = None) -> AsyncJob:
        """``password``, or a new one, which the job's result shows."""
        if not vm.template.password_enabled:
            raise InvalidParameter(
                f"guests of template {vm.template} take no password; only password-enabled templates do",
                parameter="id",
            )
        check_password(vm.template, password)
        expect_settled(vm, VmState.STOPPED, what="resetting its password")
        vm.password = password_for(vm.template, password)
        return self._again(
            hold_and_dispatch(
                "compute.vm.reset_password", caller, vm, events.VM_RESETPASSWORD, f"Reset the password of {vm}"
            ),
            vm,
            password=vm.password,
        )

    @transaction.atomic
    def reset_keys(self, *, caller: Caller, vm: VirtualMachine, pairs: Sequence[SshKeyPair]) -> AsyncJob:
        """Exactly ``pairs``; a password-enabled machine gets a new password with them."""
        if not pairs:
            raise InvalidParameter("give keypair or keypairs", parameter="keypairs")
        for pair in pairs:
            if pair.account_id != vm.account_id:
                raise InvalidParameter(f"key pair {pair} is another account's than the machine", parameter="keypair")
        expect_settled(vm, VmState.STOPPED, what="resetting its SSH keys")
        return self._again(
            hold_and_dispatch(
                "compute.vm.reset_keys", caller, vm, events.VM_RESETSSHKEY, f"Reset the SSH keys of {vm}"
            ),
            vm,
            public_keys=[pair.public_key for pair in pairs],
            key_pair_names=",".join(pair.name for pair in pairs),
            password=password_for(vm.template, None),
        )

    @transaction.atomic
    def reset_user_data(
        self,
        *,
        caller: Caller,
        vm: VirtualMachine,
        text: str = "",
        source: UserData | None = None,
        details: Mapping[str, str] | None = None,
    ) -> VirtualMachine:
        """Another user data, as at a deployment: what the template brings along counts too."""
        choice = chosen_user_data(
            template=vm.template, owner=vm.account, text=text, source=source, details=details or {}
        )
        expect_settled(vm, VmState.STOPPED, what="resetting its user data")
        self._again(None, vm, **choice.columns())
        publish(events.VM_RESETUSERDATA, caller=caller, description=f"Reset the user data of {vm}", resource=vm)
        return vm

    def _again(self, job: AsyncJob | None, vm: VirtualMachine, **columns: object) -> AsyncJob:
        """Write ``columns`` and give the seed another identity."""
        if columns.get("password"):
            columns["password_job"] = job.uuid if job else None
        VirtualMachine.objects.filter(pk=vm.pk).update(seed_generation=F("seed_generation") + 1, **columns)
        return job  # type: ignore[return-value]
