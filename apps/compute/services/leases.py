"""Leases: machines that are stopped or destroyed when their time is over."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.selectors import system_caller
from apps.compute import events
from apps.compute.config import LEASE_ENABLED, LEASE_WARNING_DAYS
from apps.compute.models import VirtualMachine
from apps.compute.services.virtual_machine import VirtualMachineManager
from apps.compute.states import LeaseAction, VmState
from cloudstack.framework.errors import CloudError
from cloudstack.framework.events.bus import publish

log = logging.getLogger(__name__)

BATCH = 200


def end_leases(*, now: datetime | None = None) -> None:
    """Stop or destroy what is over; each lease ends once, and a machine that is busy waits for the next look."""
    if not LEASE_ENABLED.value():
        return
    now = now or timezone.now()
    over = VirtualMachine.objects.select_related("account", "zone", "service_offering").filter(
        lease_expires__lte=now, lease_ended=False, state__in=(VmState.RUNNING, VmState.STOPPED)
    )
    for vm in over.order_by("lease_expires", "pk")[:BATCH]:
        try:
            _end(vm)
        except CloudError as refused:
            log.warning("the lease of machine %s is over, but: %s", vm.uuid, refused.message)


@transaction.atomic
def _end(vm: VirtualMachine) -> None:
    if not VirtualMachine.objects.filter(pk=vm.pk, lease_ended=False).update(lease_ended=True):
        return
    manager, caller = VirtualMachineManager(), system_caller()
    if vm.lease_action == LeaseAction.DESTROY:
        manager.destroy(caller=caller, vm=vm)
    elif vm.state == VmState.RUNNING:
        manager.stop(caller=caller, vm=vm)
    publish(events.VM_LEASE_EXPIRED, description=f"The lease of {vm} is over: {vm.lease_action}", resource=vm)


def warn_of_ends(*, now: datetime | None = None) -> None:
    """Once a day: an event for each machine whose lease ends within ``instance.lease.expiryevent.daysbefore``."""
    if not LEASE_ENABLED.value():
        return
    now = now or timezone.now()
    soon = now + timedelta(days=int(LEASE_WARNING_DAYS.value()))
    ending = VirtualMachine.objects.filter(lease_expires__gt=now, lease_expires__lte=soon, lease_ended=False)
    for vm in ending.order_by("lease_expires", "pk").iterator(chunk_size=BATCH):
        text = f"The lease of {vm} will be over at {vm.lease_expires:%Y-%m-%d %H:%M} UTC: {vm.lease_action}"
        publish(events.VM_LEASE_EXPIRING, description=text, level="WARN", resource=vm)
