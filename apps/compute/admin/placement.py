"""Placements in the admin: the hosts that were looked at, and why the machine is where it is."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin.badges import badge
from apps.accounts.admin.base import CloudAdmin, Panel
from apps.accounts.admin.panels import job_link, link_to, link_to_resource, when
from apps.compute.models import VirtualMachine, VirtualMachinePlacement

SHOWN = 5
WORDS = {"chosen": "running", "possible": "possible", "refused": "failed"}
NAMES = {
    "cpus": "CPUs",
    "cpuspeed": "MHz a CPU",
    "memory": "MiB of memory",
    "hypervisor": "hypervisor",
    "hosttags": "tags",
    "hostid": "the host",
    "clusterid": "in the cluster",
    "podid": "in the pod",
    "affinitygroups": "affinity groups",
}


@admin.register(VirtualMachinePlacement)
class VirtualMachinePlacementAdmin(CloudAdmin):
    plural = "Placements"
    list_display = ("created", "vm", "purpose", "shown_host", "summary", "considered", "possible", "job")
    list_filter = ("purpose", "created")
    list_select_related = ("vm", "host")
    search_fields = ("vm__name", "host_name")
    search_help_text = "name of a machine or a host, or the UUID of a machine, a job or a record"
    ordering = ("-id",)
    fields = (
        *("vm", "shown_host", "summary", "purpose", "created", "job"),
        *("shown_wanted", "considered", "possible", "narrowed", "algorithm", "uuid"),
    )
    has_job_panels = False

    @admin.display(description="host")
    def shown_host(self, placement: VirtualMachinePlacement) -> str:
        return link_to(placement.host) if placement.host else placement.host_name or "none fitted"

    @admin.display(description="job")
    def job(self, placement: VirtualMachinePlacement) -> str:
        return job_link(placement.job_uuid, "job")

    @admin.display(description="needed")
    def shown_wanted(self, placement: VirtualMachinePlacement) -> str:
        return ", ".join(f"{value} {NAMES[name]}" if isinstance(value, int) else f"{NAMES[name]} {value}"
                         for name, value in placement.wanted.items() if name in NAMES)  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[VirtualMachinePlacement], term: str
    ) -> tuple[QuerySet[VirtualMachinePlacement], bool]:
        # A list does not read what was thought of a hundred hosts a row.
        queryset = queryset.defer("hosts")
        known = self.as_uuid(term)
        if known is not None:
            for path in ("vm__uuid", "job_uuid"):
                if (found := queryset.filter(**{path: known})).exists():
                    return found, False
        return super().get_search_results(request, queryset, term)

    def panels(self, request: HttpRequest, obj: VirtualMachinePlacement) -> list[Panel]:
        return [_hosts(obj), _refusals(obj)]


def _hosts(placement: VirtualMachinePlacement) -> Panel:
    weighers = list(dict.fromkeys(name for host in placement.hosts for name in host.get("points", {})))
    rows = [
        [
            link_to_resource("Host", host["id"], host["name"]),
            badge(WORDS.get(host["verdict"], ""), label=host["verdict"]),
            host.get("filter") or "–",
            host.get("reason", ""),
            *(_number(host.get("points", {}).get(name)) for name in weighers),
            _number(host.get("total")),
        ]
        for host in placement.hosts
    ]
    columns = ["Host", "Verdict", "Refused by", "Says", *(name.capitalize() for name in weighers), "Points"]
    left = placement.considered - len(placement.hosts)
    title = f"Hosts, best first ({left} more were looked at)" if left > 0 else "Hosts, best first"
    return Panel(title, columns, rows, "No host of this hypervisor is where the machine was to go.")


def _refusals(placement: VirtualMachinePlacement) -> Panel:
    rows = [[name, count] for name, count in placement.refused_by.items()]
    return Panel("Who refused how many", ["Refused by", "Hosts"], rows, "No host was refused.")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def placements_panel(placements: list[VirtualMachinePlacement], more: str = "") -> Panel:
    """Records of placements, each leading to its page."""
    rows = [
        [
            when(one.created),
            one.get_purpose_display(),
            link_to(one, one.host_name or "no host"),
            f"{one.possible} of {one.considered}",
            one.summary,
        ]
        for one in placements
    ]
    columns = ["When", "For", "Host", "Fitted", "Says"]
    return Panel("Why it is here", columns, rows, "No placement is on record.", more, "All placements")


def placements_of(vm: VirtualMachine) -> Panel:
    """The newest placements of a machine."""
    newest = VirtualMachinePlacement.objects.filter(vm=vm).defer("hosts").order_by("-id")[:SHOWN]
    more = f"{reverse('admin:compute_virtualmachineplacement_changelist')}?q={vm.uuid}"
    return placements_panel(list(newest), more)
