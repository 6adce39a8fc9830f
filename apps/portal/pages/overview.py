"""What the admin's first page shows."""

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from apps.accounts.admin.badges import badge, human_bytes
from apps.accounts.admin.commands import admin_caller
from apps.accounts.admin.panels import JOB_COLUMNS, Panel, ago, job_rows, link_to, when
from apps.infrastructure.models import Host
from apps.portal.charts.cloud import cloud_charts
from apps.portal.pages.charts import jobs_chart, mhz, pieces, use_bar
from apps.portal.selectors.capacity_tree import Node
from apps.portal.selectors.overview import Overview, overview
from cloudstack.framework.context import Caller
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.rollups.spans import Span, span_of

MOST_PLACES = 60
CHARTS_FOR_S = 60
"""Seconds for which charts of the cloud are kept: figures are added every five minutes."""
MIB = 1024 * 1024


def overview_context(request: HttpRequest) -> dict[str, Any]:
    caller = admin_caller(request)
    state = overview(caller=caller)
    return {
        "charts": charts_html(caller=caller, span=span_of(request.GET.get("span"))),
        "tiles": _tiles(state),
        "warnings": _warnings(state),
        "capacity": _capacity(state),
        "panels": _panels(state),
        "jobs_chart": jobs_chart(state.jobs_by_hour),
        "recent_events": [{"event": event, "ago": ago(event.created)} for event in state.events],
    }


def charts_html(*, caller: Caller, span: Span) -> SafeString:
    """The cloud over time, as it stands in the page. What all root admins see is kept until the next look at it."""
    key = f"overview.charts.{span.key}.{get_language()}" if caller.is_root_admin else ""
    kept = cache.get(key) if key else None
    if kept is not None:
        return mark_safe(kept)  # noqa: S308 - rendered below
    html = render_to_string("portal/charts.html", {"charts": cloud_charts(caller=caller, span=span.key)})
    if key:
        cache.set(key, str(html), CHARTS_FOR_S)
    return html


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


def _warnings(state: Overview) -> list[Panel]:
    """What needs looking at; nothing is shown of what is well."""
    panels = []
    broken = [[status.name, status.error] for status in pm.statuses.values() if status.error]
    if broken:
        panels.append(Panel("Plugins with errors", ["Plugin", "Says"], broken, more=reverse("admin:cloud_plugins")))
    if state.open_alerts:
        rows = [[link_to(alert), alert.description, when(alert.last_seen)] for alert in state.open_alerts]
        more = reverse("admin:alerts_alert_changelist") + "?archived__exact=0"
        panels.append(Panel(f"Alerts ({state.open_alert_count})", ["Alert", "Says", "Last seen"], rows, more=more))
    if state.hosts_not_up:
        rows = [
            [badge(host.status), link_to(host), host.cluster, when(host.last_ping), host.status_reason]
            for host in state.hosts_not_up
        ]
        columns = ["Status", "Host", "Cluster", "Last heard of", "Says"]
        title = f"Hosts that are not Up ({state.hosts_not_up_count})"
        panels.append(Panel(title, columns, rows, more=reverse("admin:infrastructure_host_changelist")))
    return panels


def _capacity(state: Overview) -> Panel:
    """One row for each zone, pod and cluster."""
    places = [(depth, node) for zone in state.capacity for depth, node in zone.walk()]
    columns = ["Place", "Hosts", "CPU promised", "Memory promised", "Storage promised", "Storage in use"]
    rows = [
        [
            _named(node, depth),
            node.hosts,
            use_bar(node.cpu, mhz),
            use_bar(node.memory),
            use_bar(node.primary),
            use_bar(node.in_use, of="in use"),
        ]
        for depth, node in places[:MOST_PLACES]
    ]
    left = len(places) - MOST_PLACES
    title = f"Capacity (the first {MOST_PLACES} places; {left} more)" if left > 0 else "Capacity"
    empty = format_html(
        'There is no host yet. <a class="cs-again" href="{}">Set up a zone</a>: you are led from its physical network'
        " to its first host and its storage.",
        reverse("admin:cloud_zone_setups"),
    )
    return Panel(title, columns, rows, empty, reverse("admin:infrastructure_cluster_changelist"), "Clusters")


def _named(node: Node, depth: int) -> SafeString:
    url = reverse(f"admin:infrastructure_{node.kind}_change", args=[node.pk])
    return format_html(
        '<span class="cs-indent-{}"><a href="{}">{}</a> <span class="cs-quiet">{}</span></span>',
        depth, url, node.name, node.kind,
    )  # fmt: skip


def _host(host: Host) -> SafeString:
    return format_html('{}<br><small class="cs-quiet">{}</small>', link_to(host), host.cluster)


def _panels(state: Overview) -> list[Panel]:
    failed = reverse("admin:jobs_asyncjob_changelist") + "?status__exact=failed"
    jobs = reverse("admin:jobs_asyncjob_changelist")
    zones = [
        [
            format_html('<a href="{}">{}</a>', reverse("admin:infrastructure_zone_change", args=[zone.pk]), zone.name),
            use_bar(zone.secondary, of="in use"),
            use_bar(zone.addresses, pieces, of="taken"),
            use_bar(zone.numbers, pieces, of="taken"),
        ]
        for zone in state.capacity[:MOST_PLACES]
    ]
    no_zone = format_html(
        'There is no zone. <a class="cs-again" href="{}">Set one up</a>.', reverse("admin:cloud_zone_setups")
    )
    hosts = [[_host(host), use_bar(cpu, mhz), use_bar(memory)] for host, cpu, memory in state.fullest]
    busiest = [[link_to(row.vm), link_to(row.vm.account), f"{row.cpu_percent:.0f} %"] for row in state.busiest]
    largest = [
        [link_to(row.vm), link_to(row.vm.account), human_bytes(row.memory_used_mib * MIB)] for row in state.largest
    ]
    owners = [[link_to(row.account), link_to(row.account.domain), pieces(row.count)] for row in state.owners]
    return [
        Panel("Zones", ["Zone", "Image stores", "Addresses", "Numbers"], zones, no_zone),
        Panel("Jobs under way", JOB_COLUMNS, job_rows(state.running_jobs), "Nothing is being done.", jobs),
        Panel(
            f"Jobs that failed in the last day ({state.failed_count})",
            JOB_COLUMNS,
            job_rows(state.failed_jobs),
            "None failed.",
            failed,
        ),
        Panel(
            "Fullest hosts",
            ["Host", "CPU promised", "Memory promised"],
            hosts,
            "No host has told what it has.",
            reverse("admin:infrastructure_host_changelist"),
        ),
        Panel("Most CPU", ["Machine", "Account", "CPU"], busiest, "No machine has been measured."),
        Panel("Most memory", ["Machine", "Account", "Memory"], largest, "No machine has been measured."),
        Panel("Most machines", ["Account", "Domain", "Machines"], owners, "No account has a machine."),
    ]
