"""What the admin's first page shows above its navigation."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin.badges import badge
from apps.accounts.admin.commands import admin_caller
from apps.accounts.admin.panels import JOB_COLUMNS, Panel, ago, job_rows, link_to, when
from apps.portal.selectors.overview import Overview, overview
from cloudstack.framework.plugins.manager import pm


def overview_context(request: HttpRequest) -> dict[str, Any]:
    state = overview(caller=admin_caller(request))
    return {
        "tiles": _tiles(state),
        "panels": _panels(state),
        "recent_events": [{"event": event, "ago": ago(event.created)} for event in state.events],
    }


def _tiles(state: Overview) -> list[dict[str, Any]]:
    return [
        _tile("Virtual machines", state.machines, "compute_virtualmachine", "state__exact"),
        _tile("Volumes", state.volumes, "storage_volume", "state__exact"),
        _tile("Hosts", state.hosts, "infrastructure_host", "status__exact"),
        _tile("Jobs under way", state.live_jobs, "jobs_asyncjob", "status__exact", job=True),
    ]


def _tile(title: str, counts: dict[str, int], page: str, parameter: str, *, job: bool = False) -> dict[str, Any]:
    url = reverse(f"admin:{page}_changelist")
    return {
        "title": title,
        "url": url,
        "total": sum(counts.values()),
        "states": [
            {"badge": badge(state, job=job), "count": count, "url": f"{url}?{parameter}={state}"}
            for state, count in counts.items()
        ],
    }


def _panels(state: Overview) -> list[Panel]:
    """What needs looking at; nothing is shown of what is well."""
    panels = []
    broken = [[status.name, status.error] for status in pm.statuses.values() if status.error]
    if broken:
        panels.append(Panel("Plugins with errors", ["Plugin", "Says"], broken, more=reverse("admin:cloud_plugins")))
    if state.hosts_not_up:
        rows = [
            [badge(host.status), link_to(host), host.cluster, when(host.last_ping), host.status_reason]
            for host in state.hosts_not_up
        ]
        columns = ["Status", "Host", "Cluster", "Last heard of", "Says"]
        title = f"Hosts that are not Up ({state.hosts_not_up_count})"
        panels.append(Panel(title, columns, rows, more=reverse("admin:infrastructure_host_changelist")))
    title = f"Jobs that failed in the last day ({state.failed_count})"
    more = reverse("admin:jobs_asyncjob_changelist") + "?status__exact=failed"
    panels.append(Panel(title, JOB_COLUMNS, job_rows(state.failed_jobs), "None failed.", more))
    return panels
