"""What an account or a project has of its limits, and what a plan would take of them."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cloudstack.api import registry as commands
from cloudstack.framework.errors import CloudError
from cloudstack.pages.access import project_of
from cloudstack.pages.calls import call


class Quota(NamedTuple):
    """A counter of limits: beginning of its fields in answers about accounts and projects, name in plans, title."""

    wire: str
    name: str
    title: Any
    unit: str = ""


QUOTAS = [
    Quota("vm", "user_vm", _("Instances")),
    Quota("cpu", "cpu", _("CPU cores")),
    Quota("memory", "memory", _("Memory"), "MiB"),
    Quota("volume", "volume", _("Volumes")),
    Quota("primarystorage", "primary_storage", _("Disk space"), "GiB"),
    Quota("secondarystorage", "secondary_storage", _("Image space"), "GiB"),
    Quota("ip", "public_ip", _("Public addresses")),
    Quota("network", "network", _("Networks")),
    Quota("snapshot", "snapshot", _("Snapshots")),
    Quota("template", "template", _("Templates")),
]
"""In the order in which they are shown; those of plugins come last."""
OF_MACHINES = frozenset({"vm", "cpu", "memory", "volume", "primarystorage"})
"""What a machine takes of."""
NEARLY_FULL = 0.9


def register_quota(quota: Quota) -> None:
    """Show it wherever quotas are shown, after those that are there."""
    if quota not in QUOTAS:
        QUOTAS.append(quota)


def drop_quota(wire: str) -> None:
    """Show it no more."""
    QUOTAS[:] = [quota for quota in QUOTAS if quota.wire != wire]


def quotas_of(
    request: HttpRequest, names: Collection[str] | None = None, plan: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """What is used of each limit, of the account or of the project that is worked for; two statements.

    ``names``: only these; with ``plan`` each says what would be used afterwards.
    """
    caller = request.caller  # type: ignore[attr-defined]
    project = project_of(request)
    command, params = ("listProjects", {"id": project}) if project else ("listAccounts", {"id": caller.account_uuid})
    if not commands.allowed(caller, command):
        return []
    try:
        rows = call(request, command, {**params, "projectid": ""}).rows or []
    except CloudError:
        return []
    return [
        _quota(rows[0], *quota, plan or {})
        for quota in QUOTAS
        if rows and f"{quota[0]}total" in rows[0] and (names is None or quota[0] in names)
    ]


def in_words(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The counters of a plan with titles and units for people."""
    known = {name: (title, unit) for _wire, name, title, unit in QUOTAS}
    found = []
    for counter in plan.get("quota", ()):
        title, unit = known.get(counter["resourcetypename"], (counter["resourcetypename"], ""))
        found.append({**counter, "title": title, "unit": unit})
    return found


def _quota(row: Any, wire: str, name: str, title: Any, unit: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    used, limit = float(row.get(f"{wire}total") or 0), str(row.get(f"{wire}limit", "Unlimited"))
    most = None if limit in ("Unlimited", "-1") else float(limit)
    share = min(used / most, 1.0) if most else 0.0
    after = next((float(one["after"]) for one in plan.get("quota", ()) if _is_own(one, name)), used)
    return {
        "title": title,
        "unit": unit,
        "used": used,
        "most": most,
        "share": share,
        "full": bool(most) and share >= NEARLY_FULL,
        "after": after,
        "takes": after - used,
        "share_after": min(after / most, 1.0) if most else 0.0,
    }


def _is_own(counter: Mapping[str, Any], name: str) -> bool:
    return counter["resourcetypename"] == name and counter["owner"] != "domain" and not counter.get("tag")
