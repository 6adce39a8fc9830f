"""Virtual machines in the admin."""

from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from apps.accounts.admin.badges import badge, human_bytes
from apps.accounts.admin.base import CloudAdmin, Panel
from apps.accounts.admin.commands import Ask, admin_caller
from apps.accounts.admin.panels import link_to
from apps.compute.admin.placement import placements_of
from apps.compute.models import Nic, VirtualMachine, VolumeAttachment
from apps.compute.selectors.placements import why_here
from apps.compute.states import VmState
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.states import HostStatus, ResourceState
from cloudstack.api import authentication, registry
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import hypervisor_types

CONSOLE = "createConsoleEndpoint"
OFFERED_HOSTS = 200


def hosts_for(caller: Caller, vms: Sequence[VirtualMachine]) -> list[tuple[str, str]]:
    """Hosts that are Up where the machines are; which of them fits, the command says."""
    hosts = hosts_visible_to(caller=caller).filter(
        zone__in={vm.zone_id for vm in vms},
        hypervisor__in={vm.hypervisor for vm in vms},
        status=HostStatus.UP,
        resource_state=ResourceState.ENABLED,
    )
    if len(vms) == 1 and vms[0].host_id:
        hosts = hosts.exclude(pk=vms[0].host_id)
    rows = hosts.order_by("cluster__name", "name").values_list("uuid", "name", "cluster__name")
    return [(str(uuid), f"{name} ({cluster})") for uuid, name, cluster in rows[:OFFERED_HOSTS]]


class HypervisorFilter(admin.SimpleListFilter):
    """By hypervisor; the names come from the plugins, not from a scan of all machines."""

    title = "hypervisor"
    parameter_name = "hypervisor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in hypervisor_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[VirtualMachine]) -> QuerySet[VirtualMachine]:
        return queryset.filter(hypervisor=self.value()) if self.value() else queryset


@admin.register(VirtualMachine)
class VirtualMachineAdmin(CloudAdmin):
    list_display = (
        "name",
        "state",
        "account",
        "ip",
        "host",
        "service_offering",
        "domain",
        "zone",
        "created",
    )
    list_filter = ("state", "zone", HypervisorFilter, "service_offering", "created")
    list_select_related = ("account", "domain", "zone", "host", "service_offering")
    search_fields = ("name", "display_name", "uuid", "account__name")
    search_help_text = "name, account, UUID or IPv4 address"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("uuid", "name", "display_name", "state", "ip", "account", "domain", "user", "created")}),
        ("Where", {"fields": ("zone", "host", "last_host", "hypervisor", "instance_name")}),
        ("Size", {"fields": ("service_offering", "cpus", "cpu_mhz", "memory_mib")}),
        (
            "System and options",
            {
                "fields": (
                    "template",
                    "guest_os",
                    "key_pair_names",
                    "ha_enabled",
                    "is_displayed",
                    "dynamically_scalable",
                    "delete_protection",
                    "details",
                    "updated",
                    "destroyed_at",
                ),
                "classes": ("collapse",),
            },
        ),
    )
    commands = (
        ("startVirtualMachine", "Start"),
        ("stopVirtualMachine", "Stop"),
        ("stopVirtualMachine", "Stop forced", {"forced": True, "confirm": True}),
        ("rebootVirtualMachine", "Reboot"),
        (
            "migrateVirtualMachine",
            "Migrate",
            {
                "parameter": "virtualmachineid",
                "ask": Ask("hostid", "To host", hosts_for, empty="the best host of its cluster"),
            },
        ),
        ("updateVirtualMachine", "Rename", {"ask": Ask("displayname", "Name that people see")}),
        ("recoverVirtualMachine", "Recover"),
        ("unmanageVirtualMachine", "Give back to its hypervisor", {"confirm": True}),
        ("destroyVirtualMachine", "Destroy"),
        ("expungeVirtualMachine", "Expunge"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[VirtualMachine]:
        first = Nic.objects.filter(vm=OuterRef("pk"), is_default=True).values("ipv4")[:1]
        return super().get_queryset(request).annotate(_ip=Subquery(first))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[VirtualMachine], term: str
    ) -> tuple[QuerySet[VirtualMachine], bool]:
        try:
            address = str(IPv4Address(term.strip()))
        except AddressValueError:
            return super().get_search_results(request, queryset, term)
        return queryset.filter(pk__in=Nic.objects.filter(ipv4=address).values("vm")), False

    @admin.display(description="IP address")
    def ip(self, vm: VirtualMachine) -> str:
        return vm._ip or "–"  # type: ignore[attr-defined]

    @admin.display(description="name on the hypervisor")
    def instance_name(self, vm: VirtualMachine) -> str:
        return vm.instance_name

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.why_view)
        return [path("<path:object_id>/why/", view, name="compute_virtualmachine_why"), *super().get_urls()]

    def why_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Leads to the record that tells why the machine is where it is."""
        vm = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if vm is None:
            raise Http404(f"there is no machine {object_id}")
        record = why_here(vm)
        if record is not None:
            return HttpResponseRedirect(reverse("admin:compute_virtualmachineplacement_change", args=[record.pk]))
        messages.info(
            request, f"No record tells why {vm} is where it is: it was placed too long ago, or not by the platform."
        )
        return HttpResponseRedirect(self._url("change", vm.pk))

    def links(self, request: HttpRequest, obj: VirtualMachine) -> list[dict[str, str]]:
        label = "Why is this machine here?" if obj.host_id else "Where was this machine to go?"
        why = {"url": self._url("why", obj.pk), "label": label}
        return [*super().links(request, obj), *_console(request, obj), why]

    def panels(self, request: HttpRequest, obj: VirtualMachine) -> list[Panel]:
        return [_cards(obj), _disks(obj), placements_of(obj), *super().panels(request, obj)]


def _console(request: HttpRequest, vm: VirtualMachine) -> list[dict[str, str]]:
    """The way to the console of a machine that runs, for whoever may open it."""
    if vm.state != VmState.RUNNING or not authentication.is_allowed(admin_caller(request), registry.get(CONSOLE)):
        return []
    return [{"url": reverse("console", args=[vm.uuid]), "label": "Console"}]


def _cards(vm: VirtualMachine) -> Panel:
    cards = Nic.objects.filter(vm=vm).select_related("network").order_by("device_id")
    rows = [
        [
            card.device_id,
            link_to(card.network),
            card.ipv4 or "–",
            card.mac,
            card.hostname,
            "default" if card.is_default else "",
        ]
        for card in cards
    ]
    return Panel("Network cards", ["Slot", "Network", "IPv4", "MAC", "Host name", "Use"], rows, "No network card.")


def _disks(vm: VirtualMachine) -> Panel:
    attached = VolumeAttachment.objects.filter(vm=vm).select_related("volume__pool", "volume__disk_offering")
    rows = [
        [
            row.device_id,
            link_to(row.volume),
            row.volume.get_type_display(),
            badge(row.volume.state),
            human_bytes(row.volume.size_bytes),
            link_to(row.volume.pool),
            link_to(row.volume.disk_offering),
        ]
        for row in attached.order_by("device_id")
    ]
    columns = ["Slot", "Volume", "Kind", "State", "Size", "Pool", "Offering"]
    return Panel("Volumes", columns, rows, "No volume is attached.")
