"""Intent on affinity groups."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from apps.accounts.models import Account, Domain
from apps.compute import events
from apps.compute.models import AffinityGroup, AffinityMembership, VirtualMachine
from apps.compute.selectors.affinity import affinity_groups_of
from apps.compute.services.settled import expect_settled
from apps.compute.states import VmState
from apps.infrastructure.services.affinity_types import affinity_types
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.jobs import AsyncJob, dispatch


class AffinityGroupManager:
    """Makes and deletes groups, and says which machines are in them."""

    def create(
        self,
        *,
        caller: Caller,
        owner: Account,
        name: str,
        kind: str,
        description: str = "",
        domain: Domain | None = None,
    ) -> tuple[AffinityGroup, AsyncJob]:
        """A group of ``owner``; with ``domain`` one that all accounts there and below use.

        Raises ``InvalidParameter`` for an unknown type or a name that is taken, ``PermissionDenied`` for a type that
        is not for the caller.
        """
        types = affinity_types()
        known = {one.lower(): one for one in types}
        name = name.strip()
        if not name:
            raise InvalidParameter("name is empty", parameter="name")
        if kind.strip().lower() not in known:
            raise InvalidParameter(f"type must be one of {', '.join(sorted(types))}, not {kind!r}", parameter="type")
        chosen = types[known[kind.strip().lower()]]
        if chosen.admins_only and not caller.is_admin:
            raise PermissionDenied(f"affinity groups of the type {chosen.name!r} are made by administrators only")
        if domain is not None and not chosen.domain_wide:
            raise InvalidParameter(
                f"a group of the type {chosen.name!r} belongs to one account; name it with account",
                parameter="account",
            )
        try:
            with transaction.atomic():
                group = AffinityGroup.objects.create(
                    account=owner,
                    domain_id=domain.pk if domain else owner.domain_id,
                    name=name,
                    description=description,
                    type=chosen.name,
                    is_domain_wide=domain is not None,
                )
                job = dispatch(
                    "compute.affinity_group.create",
                    caller=caller,
                    resource=group,
                    arguments={"group_uuid": str(group.uuid)},
                    description=f"Create affinity group {group}",
                    event_type=events.AFFINITY_GROUP_CREATE,
                )
        except IntegrityError:
            whose = f"domain {domain}" if domain else f"account {owner}"
            raise InvalidParameter(f"{whose} has an affinity group named {name!r} already", parameter="name") from None
        return group, job

    @transaction.atomic
    def delete(self, *, caller: Caller, group: AffinityGroup) -> AsyncJob:
        """Machines that are in it stay where they are; the rule does not hold for them any more."""
        if group.is_domain_wide and not caller.is_admin:
            raise PermissionDenied(f"affinity group {group} is the domain's; its administrators delete it")
        return dispatch(
            "compute.affinity_group.delete",
            caller=caller,
            exclusive=[f"affinity:{group.uuid}"],
            resource=group,
            arguments={"group_uuid": str(group.uuid)},
            description=f"Delete affinity group {group}",
            event_type=events.AFFINITY_GROUP_DELETE,
        )

    @transaction.atomic
    def update_vm(self, *, caller: Caller, vm: VirtualMachine, groups: Sequence[AffinityGroup]) -> AsyncJob:
        """Put a stopped machine into exactly ``groups``."""
        check_groups(vm.account, groups)
        expect_settled(vm, VmState.STOPPED, what="changing its affinity groups")
        return dispatch(
            "compute.vm.update_affinity",
            caller=caller,
            exclusive=[f"vm:{vm.uuid}"],
            resource=vm,
            arguments={"vm_uuid": str(vm.uuid), "group_uuids": [str(group.uuid) for group in groups]},
            description=f"Change the affinity groups of {vm}",
            event_type=events.VM_AG_UPDATE,
        )


def groups_named(*, owner: Account, names: Sequence[str]) -> list[AffinityGroup]:
    """Groups that machines of ``owner`` may be in, by name; an own one goes before the domain's."""
    found: dict[str, AffinityGroup] = {}
    for group in affinity_groups_of(owner).filter(name__in=names).order_by("is_domain_wide", "-domain__path"):
        found.setdefault(group.name, group)
    for name in names:
        if name not in found:
            raise InvalidParameter(
                f"account {owner} has no affinity group named {name!r}", parameter="affinitygroupnames"
            )
    return [found[name] for name in dict.fromkeys(names)]


def check_groups(owner: Account, groups: Sequence[AffinityGroup]) -> None:
    """Raise ``InvalidParameter`` unless machines of ``owner`` may be in all ``groups``."""
    usable = set(affinity_groups_of(owner).filter(pk__in=[group.pk for group in groups]).values_list("pk", flat=True))
    for group in groups:
        if group.pk not in usable:
            raise InvalidParameter(
                f"affinity group {group} is another account's than the machine", parameter="affinitygroupids"
            )
        if group.type not in affinity_types():
            raise InvalidParameter(
                f"affinity group {group} is of the type {group.type!r}, which no plugin in service knows",
                parameter="affinitygroupids",
            )


def join(vm: VirtualMachine, groups: Sequence[AffinityGroup]) -> None:
    """In the transaction that makes ``vm``: put it into ``groups``, none of which can be deleted meanwhile."""
    if not groups:
        return
    held = AffinityGroup.objects.select_for_update().filter(pk__in=[group.pk for group in groups]).order_by("pk")
    alive = {group.pk for group in held}
    gone = [group for group in groups if group.pk not in alive]
    if gone:
        raise InvalidParameter(f"affinity group {gone[0]} has just been deleted", parameter="affinitygroupids")
    AffinityMembership.objects.bulk_create(AffinityMembership(group=group, vm=vm) for group in groups)
