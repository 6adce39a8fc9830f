"""The moment at which nothing is going on with a machine: its row is held, and no job works on it."""

from apps.compute.models import VirtualMachine
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.jobs import AsyncJob


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
