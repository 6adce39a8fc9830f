"""Machines that the cloud did not make, in the admin: their list, their pages, and a table on clusters and hosts."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin.base import CloudAdmin, Panel
from apps.accounts.admin.commands import AdminCommand, Ask
from apps.accounts.admin.panels import link_to, register_panels, when
from apps.compute.models import ServiceOffering, UnmanagedVm
from apps.compute.selectors.unmanaged import unmanaged_visible_to
from apps.infrastructure.models import Cluster, Host
from cloudstack.framework.context import Caller

SHOWN = 10
MIB = 1 << 20


def fitting_offerings(caller: Caller, machines: Sequence[Any]) -> list[tuple[str, str]]:
    """Offerings of the size of all ``machines``, and custom ones."""
    sizes = {(machine.cpus, machine.memory_mib) for machine in machines}
    rows = ServiceOffering.objects.filter(state="Active").order_by("name")
    return [
        (str(offering.uuid), offering.name)
        for offering in rows
        if offering.is_customized or sizes == {(offering.cpus, offering.memory_mib)}
    ]


def _named(machine: UnmanagedVm) -> dict[str, str]:
    return {"clusterid": str(machine.host.cluster.uuid), "name": str(machine.machine_uuid)}


@admin.register(UnmanagedVm)
class UnmanagedVmAdmin(CloudAdmin):
    plural = "Unmanaged machines"
    list_display = ["name", "host", "power", "cpus", "memory_mib", "operating_system", "seen"]
    list_filter = ["power", "host__cluster"]
    list_select_related = ["host__cluster"]
    search_fields = ["name", "machine_uuid", "host__name"]
    exclude = ["uuid", "disks", "nics", "created"]
    has_job_panels = False
    commands = [
        AdminCommand(
            command="importUnmanagedInstance",
            label="Take over",
            params=_named,
            ask=Ask("serviceofferingid", "Service offering (its size, or a custom one)", fitting_offerings),
        ),
    ]

    def panels(self, request: HttpRequest, obj: UnmanagedVm) -> list[Panel]:
        disks = [
            [disk["device_id"], f"{disk['size_bytes'] // MIB} MiB", disk["storage"], disk["path"]] for disk in obj.disks
        ]
        nics = [[nic["mac"], nic["network"], nic.get("vlan") or "–", nic.get("ipv4") or "–"] for nic in obj.nics]
        return [
            *super().panels(request, obj),
            Panel("Disks", ["Number", "Size", "Storage", "Path"], disks, "It has no disk."),
            Panel("Network cards", ["MAC address", "Plugged into", "VLAN", "Address"], nics, "It has no network card."),
        ]


def unmanaged_panels(caller: Caller, obj: Any) -> list[Panel]:
    """On the page of a cluster or a host: what else runs there."""
    if not isinstance(obj, Cluster | Host):
        return []
    rows = unmanaged_visible_to(caller=caller).select_related("host").order_by("name", "id")
    rows = rows.filter(host=obj) if isinstance(obj, Host) else rows.filter(host__cluster=obj)
    found = list(rows[:SHOWN])
    if not found:
        return []
    place = f"host__id__exact={obj.pk}" if isinstance(obj, Host) else f"host__cluster__id__exact={obj.pk}"
    more = f"{reverse('admin:compute_unmanagedvm_changelist')}?{place}"
    cells = [
        [link_to(one), one.host.name, one.power, one.cpus, f"{one.memory_mib} MiB", when(one.seen)] for one in found
    ]
    columns = ["Machine", "Host", "Power", "CPUs", "Memory", "Seen"]
    return [Panel("Machines that are not managed", columns, cells, "", more, "All of them, to take over")]


register_panels(unmanaged_panels)
