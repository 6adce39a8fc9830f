"""Affinity groups: who sees them, and what the groups of a machine say to placement."""

from collections import Counter, defaultdict
from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.models import Account
from apps.accounts.models.domain import ancestor_paths
from apps.accounts.selectors import owned_scope
from apps.compute.models import AffinityGroup, AffinityMembership, VirtualMachine
from apps.infrastructure.models import CapacityReservation
from cloudstack.api import Access
from cloudstack.contracts.placement import AffinityRule
from cloudstack.framework.context import Caller


def affinity_groups_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[AffinityGroup]:
    """Groups within reach; those of a domain are changed by its administrators and used by all below it."""
    own = owned_scope(AffinityGroup.objects.all(), caller=caller, access=access)
    if caller.is_root_admin:
        return own
    if access != Access.USE:
        return own if caller.is_admin else own.filter(is_domain_wide=False)
    shared = Q(is_domain_wide=True, domain__path__in=ancestor_paths(caller.domain_path))
    return AffinityGroup.objects.filter(Q(pk__in=own.values("pk")) | shared)


def affinity_groups_of(owner: Account) -> QuerySet[AffinityGroup]:
    """Groups that machines of ``owner`` may be in."""
    shared = Q(is_domain_wide=True, domain__path__in=ancestor_paths(owner.domain.path))
    return AffinityGroup.objects.filter(Q(account=owner, is_domain_wide=False) | shared)


def affinity_rules(vm: VirtualMachine, *, lock: bool = False) -> tuple[AffinityRule, ...]:
    """The groups of ``vm`` with the hosts of their other machines: those that run there or are promised a place.

    With ``lock`` nobody else can do so until the transaction ends.
    """
    groups = AffinityGroup.objects.filter(memberships__vm=vm).order_by("pk")
    if lock:
        groups = groups.select_for_update(of=("self",))
    found = list(groups)
    if not found:
        return ()
    members = AffinityMembership.objects.filter(group__in=found).exclude(vm=vm)
    rows = list(members.values_list("group", "vm__uuid", "vm__host__uuid"))
    promised: dict[Any, set[Any]] = defaultdict(set)
    for holder, host in CapacityReservation.objects.filter(holder_uuid__in={uuid for _, uuid, _ in rows}).values_list(
        "holder_uuid", "host__uuid"
    ):
        promised[holder].add(host)
    hosts: dict[int, Counter[str]] = defaultdict(Counter)
    for group, uuid, host in rows:
        for place in promised[uuid] | ({host} if host else set()):
            hosts[group][str(place)] += 1
    return tuple(
        AffinityRule(
            group_uuid=str(group.uuid), group_name=group.name, type=group.type, hosts=dict(hosts.get(group.pk, {}))
        )
        for group in found
    )
