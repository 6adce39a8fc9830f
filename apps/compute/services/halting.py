"""Stopping all machines of accounts, for the accounts app."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.accounts.models import Account
from apps.accounts.selectors import system_caller
from apps.accounts.services.halting import Halt
from apps.compute.models import VirtualMachine
from apps.compute.services.virtual_machine import VirtualMachineManager
from apps.compute.states import VM_HOLDS_HOST, VmState
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs import AsyncJob


def stop(*, accounts: QuerySet[Account], caller: Any, job_uuid: Any) -> Halt:
    """Have every machine of ``accounts`` stop; those under way are waited for."""
    up = VirtualMachine.objects.filter(account__in=accounts.values("pk"), state__in=VM_HOLDS_HOST)
    vms = list(up.select_related("account").order_by("pk"))
    stuck = []
    for vm in vms:
        jobs = AsyncJob.objects.filter(resource_uuid=vm.uuid, arguments__halt=str(job_uuid))
        mine = jobs.order_by("-pk").first()
        if mine is not None and not mine.is_live:
            stuck.append(f"machine {vm}: {mine.error_text or 'is up again'}")
        elif mine is None and vm.state == VmState.RUNNING:
            try:
                _stop(vm, caller or system_caller(), job_uuid)
            except CloudError as error:
                stuck.append(f"machine {vm}: {error.message}")
    return Halt(left=len(vms), stuck=tuple(stuck))


@transaction.atomic
def _stop(vm: VirtualMachine, caller: Any, job_uuid: Any) -> None:
    job = VirtualMachineManager().stop(caller=caller, vm=vm)
    job.arguments = {**job.arguments, "halt": str(job_uuid)}
    job.save(update_fields=["arguments"])
