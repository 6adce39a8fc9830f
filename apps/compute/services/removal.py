"""How machines and what belongs to them go when their owner is deleted."""

from collections.abc import Iterator

from django.db.models import Q

from apps.accounts.services.removal import Owners, Stage, register_follower, register_objection, register_remover
from apps.compute.models import (
    AffinityGroup,
    ConsoleSession,
    InstanceGroup,
    Nic,
    SshKeyPair,
    TemplateUserData,
    UserData,
    VirtualMachine,
)
from apps.compute.services.affinity_group import AffinityGroupManager
from apps.compute.services.instance_group import InstanceGroupManager
from apps.compute.services.virtual_machine import VirtualMachineManager
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

SHOWN = 5


def register() -> None:
    """Called once, when all apps are ready."""
    register_remover(VirtualMachine, stage=Stage.MACHINES, remove=expunge)
    register_remover(SshKeyPair, stage=Stage.OTHERS)
    register_remover(InstanceGroup, stage=Stage.OTHERS, remove=delete_instance_group)
    register_remover(AffinityGroup, stage=Stage.OTHERS, remove=delete_affinity_group)
    register_remover(UserData, stage=Stage.OTHERS, remove=delete_user_data)
    # Who opened which console stays known until its time is up.
    register_follower(ConsoleSession)
    register_objection(protected_machines)
    register_objection(guests_of_others)


def expunge(row: VirtualMachine, *, caller: Caller) -> AsyncJob:
    """Power off, put aside, remove for good."""
    return VirtualMachineManager().destroy(caller=caller, vm=row, expunge=True)


def delete_instance_group(row: InstanceGroup, *, caller: Caller) -> None:
    """Only the name goes."""
    InstanceGroupManager().delete(caller=caller, group=row)


def delete_affinity_group(row: AffinityGroup, *, caller: Caller) -> AsyncJob:
    """Machines of others in a group of the whole domain stay where they are."""
    return AffinityGroupManager().delete(caller=caller, group=row)


def delete_user_data(row: UserData, *, caller: Caller) -> None:
    """Templates of others that bring it along do so no more."""
    TemplateUserData.objects.filter(user_data=row).delete()
    row.mark_removed()


def protected_machines(owners: Owners) -> Iterator[str]:
    """A machine that its owner has protected is not deleted by way of its owner."""
    machines = VirtualMachine.objects.filter(account__in=owners.accounts.values("pk"), delete_protection=True)
    names = list(machines.order_by("pk").values_list("name", flat=True)[:SHOWN])
    if names:
        yield f"its machines {', '.join(names)} are protected from deletion"


def guests_of_others(owners: Owners) -> Iterator[str]:
    """Networks go only when nobody else's machine is in them."""
    networks = Q(network__account__in=owners.accounts.values("pk"))
    networks |= Q(network__access_domain__in=owners.domains.values("pk"))
    others = Nic.objects.filter(networks).exclude(vm__account__in=owners.accounts.values("pk"))
    names = list(others.order_by("network__name").values_list("network__name", flat=True).distinct()[:SHOWN])
    if names:
        yield f"machines of other accounts are in its networks {', '.join(names)}"
