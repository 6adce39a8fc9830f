"""What plans show of limits: the counters that a change moves, before and after."""

from typing import Any

from apps.accounts.models import AccountType, ResourceCount
from apps.accounts.models.limit import UNLIMITED, type_of
from apps.accounts.selectors import accounts_visible_to, domains_visible_to, projects_visible_to
from apps.accounts.services.limit_rules import in_wire_unit
from apps.accounts.services.limits import counters_with_limits
from cloudstack.api.planning import register_section
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.rehearsal import Rehearsal


def quota_section(rehearsal: Rehearsal, caller: Caller) -> list[dict[str, Any]]:
    """One entry a counter that changes, of the accounts that the caller may see and, for admins, their domains."""
    if not rehearsal.counters:
        return []
    accounts = accounts_visible_to(caller=caller, access=Access.USE)
    domains = domains_visible_to(caller=caller, access=Access.USE)
    moved = ResourceCount.objects.filter(pk__in=list(rehearsal.counters))
    projects = projects_visible_to(caller=caller, access=Access.OPERATE)
    visible = moved.filter(account__in=accounts.values("pk")) | moved.filter(account__in=projects.values("account"))
    if caller.is_admin:
        visible |= moved.filter(domain__in=domains.values("pk"))
    shown = []
    for counter, limit in counters_with_limits(visible):
        before = rehearsal.counters[counter.pk]
        if before == counter.count:
            continue
        kind, noun, owner = type_of(counter.type), "domain", counter.domain
        if counter.account is not None:
            of_project = counter.account.type == AccountType.PROJECT
            noun, owner = ("project", counter.account.project) if of_project else ("account", counter.account)
        shown.append(
            {
                "owner": noun,
                "id": str(owner.uuid),
                "name": owner.name,
                "resourcetype": str(kind.value),
                "resourcetypename": kind.label,
                **({"tag": counter.tag} if counter.tag else {}),
                "before": in_wire_unit(kind, before),
                "after": in_wire_unit(kind, counter.count),
                "limit": limit if limit == UNLIMITED else in_wire_unit(kind, limit),
            }
        )
    return shown


register_section("quota", quota_section)
