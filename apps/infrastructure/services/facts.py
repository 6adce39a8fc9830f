"""What a host tells of itself, taken into its row and its capacity."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.services import capacity
from apps.infrastructure.services.host_state import HOST_STATUS
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.host import HostFacts, HostLoad

SILENT = (HostStatus.ALERT, HostStatus.DISCONNECTED, HostStatus.DOWN)


def apply_facts(host: Host, facts: HostFacts) -> None:
    """Store facts that a driver answered; call it in a transaction. The operator's details override them."""
    _store(
        host,
        {
            "cpus": facts.cpus,
            "cpu_mhz": facts.cpu_mhz,
            "memory_mib": facts.memory_mib,
            "hypervisor_version": facts.hypervisor_version,
            "architecture": facts.architecture,
            "hostname": facts.hostname,
            "capabilities": ",".join(facts.capabilities),
            "cpu_sockets": facts.cpu_sockets or None,
        },
    )


def record_ping(host: Host, facts: dict[str, Any] | None = None) -> None:
    """A sign of life: a silent host is Up again. ``facts`` are columns that the host knows, its load among them.

    A host that is being connected stays so: its job decides. One that was removed stays removed.
    """
    _store(host, {name: value for name, value in (facts or {}).items() if value is not None})
    if host.status in SILENT:
        HOST_STATUS.fire(host, "ping", status_reason="", disconnected_at=None)


def record_load(host: Host, load: HostLoad) -> None:
    """What a driver answered on how busy the host is."""
    Host.objects.filter(pk=host.pk).update(**asdict(load))


def _store(host: Host, reported: dict[str, Any]) -> None:
    for name in ("cpus", "cpu_mhz", "memory_mib"):
        override = int(host.details.get(name) or 0)
        if override:
            reported[name] = override
    changes = {}
    for name, value in reported.items():
        length = Host._meta.get_field(name).max_length
        value = value[:length] if isinstance(value, str) and length else value
        if getattr(host, name) != value:
            changes[name] = value
    host.last_ping = timezone.now()
    Host.objects.filter(pk=host.pk).update(last_ping=host.last_ping, **changes)
    for name, value in changes.items():
        setattr(host, name, value)
    if changes.keys() & {"cpus", "cpu_mhz", "memory_mib"} or not hasattr(host, "capacity"):
        capacity.set_totals(host=host)
