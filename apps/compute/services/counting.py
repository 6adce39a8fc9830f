"""What the machines of accounts hold in truth, for the recount of limits."""

from collections.abc import Collection, Mapping

from django.db.models import Aggregate, Count, Q, Sum

from apps.accounts.models import ResourceType
from apps.accounts.services.counting import Counter, TaggedCounter, register_counter, register_tagged_counter
from apps.accounts.services.held_machines import register_machines
from apps.accounts.services.limit_rules import carrying
from apps.compute.models import VirtualMachine
from apps.compute.states import VM_UNCOUNTED, VmState


def register() -> None:
    """Called once, when all apps are ready."""
    register_counter(ResourceType.USER_VM, _summed(Count("pk")))
    register_counter(ResourceType.CPU, _summed(Sum("cpus")))
    register_counter(ResourceType.MEMORY, _summed(Sum("memory_mib")))
    register_machines(machines_by_state)
    register_tagged_counter(ResourceType.USER_VM, _summed_by_tag(Count("pk")))
    register_tagged_counter(ResourceType.CPU, _summed_by_tag(Sum("cpus")))
    register_tagged_counter(ResourceType.MEMORY, _summed_by_tag(Sum("memory_mib")))


def machines_by_state(account_pks: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """Machines of each account that run, and that are stopped."""
    rows = VirtualMachine.objects.filter(account__in=account_pks, state__in=(VmState.RUNNING, VmState.STOPPED))
    running, stopped = Count("pk", filter=Q(state=VmState.RUNNING)), Count("pk", filter=Q(state=VmState.STOPPED))
    counted = rows.order_by().values_list("account").annotate(running=running, stopped=stopped)
    return {account: (up, down) for account, up, down in counted}


def _summed(amount: Aggregate) -> Counter:
    """A counter of ``amount`` over each account's machines; stopped ones count, destroyed and failed ones do not."""

    def count(account_pks: Collection[int]) -> Mapping[int, int]:
        rows = VirtualMachine.objects.filter(account__in=account_pks).exclude(state__in=VM_UNCOUNTED)
        return dict(rows.order_by().values_list("account").annotate(amount))

    return count


def _summed_by_tag(amount: Aggregate) -> TaggedCounter:
    """The same over machines whose offering or template has the host tag."""

    def count(account_pks: Collection[int], tag: str) -> Mapping[int, int]:
        rows = VirtualMachine.objects.filter(account__in=account_pks).exclude(state__in=VM_UNCOUNTED)
        rows = rows.filter(carrying("service_offering__host_tags", tag) | Q(template__tag=tag))
        return dict(rows.order_by().values_list("account").annotate(amount))

    return count
