"""The moment at which nothing is going on with a machine: its row is held, and no job works on it."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from apps.compute.models import VirtualMachine
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob, dispatch


def hold(vm: VirtualMachine) -> None:
    """In a transaction: nobody else changes ``vm`` or submits a job for it until the end; its state is read anew."""
    fresh = (
        VirtualMachine.all_objects.select_for_update().filter(pk=vm.pk).values_list("state", "account_id", "removed")
    )
    vm.state, account_id, vm.removed = fresh.get()
    if vm.account_id != account_id or vm.removed is not None:
        raise ResourceInUse(f"machine {vm} has just been given away or removed; look for it again")


def expect_settled(vm: VirtualMachine, *states: str, parameter: str = "id", what: str) -> None:
    """:func:`hold`, and refuse unless ``vm`` is in one of ``states`` and no job works on it."""
    hold(vm)
    if vm.state not in states:
        raise InvalidParameter(f"machine {vm} is {vm.state}; {what} needs {' or '.join(states)}", parameter=parameter)
    if AsyncJob.objects.filter(resource_uuid=vm.uuid, status__in=AsyncJob.LIVE).exists():
        raise ResourceInUse(f"a job works on machine {vm}; try again when it has ended", parameter=parameter)


@transaction.atomic
def hold_and_dispatch(
    workflow_name: str,
    caller: Caller | None,
    vm: VirtualMachine,
    event: str,
    description: str,
    *,
    also_exclusive: Iterable[str] = (),
    also_shared: Iterable[str] = (),
    **arguments: Any,
) -> AsyncJob:
    """A job on ``vm`` and, to read, its networks; who holds the machine now has changed it when the job reads it."""
    hold(vm)
    networks = vm.nics(manager="objects").values_list("network__uuid", flat=True)
    return dispatch(
        workflow_name,
        caller=caller,
        exclusive=[f"vm:{vm.uuid}", *also_exclusive],
        shared=[*(f"network:{network}" for network in networks), *also_shared],
        resource=vm,
        arguments={"vm_uuid": str(vm.uuid), **arguments},
        description=description,
        event_type=event,
    )
