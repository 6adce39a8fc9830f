"""Machines that the cloud did not make, in the admin: their list, their pages, and a table on clusters and hosts."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin.base import CloudAdmin, Panel
from apps.accounts.admin.commands import AdminCommand, Ask
from apps.accounts.admin.panels import link_to, register_panels, when
from apps.accounts.models import Account, AccountType
from apps.accounts.selectors import accounts_visible_to
from apps.compute.models import ServiceOffering, UnmanagedVm
from apps.compute.selectors.unmanaged import unmanaged_visible_to
from apps.infrastructure.models import Cluster, Host
from apps.network.selectors import networks_visible_to
from cloudstack.api import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

SHOWN = 10
MIB = 1 << 20
MOST_CHOICES = 500


def fitting_offerings(caller: Caller, machines: Sequence[Any]) -> list[tuple[str, str]]:
    """Offerings of the size of all ``machines``, and custom ones; without a CPU speed where no machine lacks one."""
    has_speed = all(machine.cpu_mhz for machine in machines)
    sizes = {(machine.cpus, machine.memory_mib) for machine in machines}
    rows = ServiceOffering.objects.filter(state="Active").order_by("name")
    return [
        (str(offering.uuid), offering.name)
        for offering in rows
        if (offering.is_customized and (offering.cpu_mhz or has_speed))
        or sizes == {(offering.cpus, offering.memory_mib)}
    ]


def possible_owners(caller: Caller, machines: Sequence[Any]) -> list[tuple[str, str]]:
    """Accounts that may own what is taken over, by name."""
    accounts = accounts_visible_to(caller=caller, access=Access.OPERATE).exclude(
        Q(is_system=True) | Q(type=AccountType.PROJECT)
    )
    rows = accounts.select_related("domain").order_by("name", "pk")[:MOST_CHOICES]
    return [(str(account.uuid), f"{account.name} ({account.domain.shown_path})") for account in rows]


def _owned(machine: UnmanagedVm, account_uuid: str) -> dict[str, str]:
    try:
        account = Account.objects.select_related("domain").get(uuid=account_uuid)
    except (Account.DoesNotExist, ValidationError):
        raise InvalidParameter(f"there is no account {account_uuid!r}", parameter="account") from None
    return {"account": account.name, "domainid": str(account.domain.uuid)}


def possible_networks(caller: Caller, machines: Sequence[Any]) -> list[tuple[str, str]]:
    """Networks in the zone of the machines, with their owners."""
    zones = {machine.host.zone_id for machine in machines}
    rows = networks_visible_to(caller=caller).filter(zone__in=zones).select_related("account").order_by("name", "pk")
    return [(str(network.uuid), f"{network.name} ({network.account.name})") for network in rows[:MOST_CHOICES]]


def _plugged(machine: UnmanagedVm, network_uuid: str) -> dict[str, str]:
    first = machine.nics[0]["mac"] if machine.nics else ""
    return {"nicnetworklist[0].nic": first, "nicnetworklist[0].network": network_uuid}


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
            also=(
                Ask("account", "Owner", possible_owners, empty="your own account", fills=_owned),
                Ask(
                    "nicnetworklist",
                    "Network of its first card",
                    possible_networks,
                    fills=_plugged,
                    empty="the owner's network in the card's VLAN",
                ),
            ),
        ),
    ]

    def panels(self, request: HttpRequest, obj: UnmanagedVm) -> list[Panel]:
        disks = [
            [disk["device_id"], f"{disk['size_bytes'] // MIB} MiB", disk["storage"], disk["path"], _obstacle(disk)]
            for disk in obj.disks
        ]
        nics = [[nic["mac"], nic["network"], nic.get("vlan") or "–", nic.get("ipv4") or "–"] for nic in obj.nics]
        return [
            *super().panels(request, obj),
            Panel("Disks", ["Number", "Size", "Storage", "Path", "Taking over"], disks, "It has no disk."),
            Panel("Network cards", ["MAC address", "Plugged into", "VLAN", "Address"], nics, "It has no network card."),
        ]


def _obstacle(disk: dict[str, Any]) -> str:
    return f"not possible: it {disk['obstacle']}" if disk.get("obstacle") else "possible"


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
