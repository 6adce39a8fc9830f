"""What a host tells of itself, taken into its row and its capacity."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.services import capacity
from apps.infrastructure.services.host_state import HOST_STATUS
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.host import HostFacts, HostLoad

SILENT = (HostStatus.ALERT, HostStatus.DISCONNECTED, HostStatus.DOWN)
LOAD_COLUMNS = [field.name for field in fields(HostLoad)]
LOADS_AT_ONCE = 100
"""The database looks for each row in the values of all of one statement."""


def apply_facts(host: Host, facts: HostFacts) -> None:
    """Store facts that a driver answered; call it in a transaction. The operator's details override them."""
    _store(host, _columns(facts))


def note_signs_of_life(told: Iterable[tuple[Host, HostFacts]]) -> set[int]:
    """The hosts of ``told`` that are Up and tell nothing new live, by one statement; answers their keys."""
    same = {
        host.pk
        for host, facts in told
        if host.status == HostStatus.UP and hasattr(host, "capacity") and not _changes(host, _columns(facts))
    }
    if same:
        Host.objects.filter(pk__in=same, status=HostStatus.UP).update(last_ping=timezone.now())
    return same


def _columns(facts: HostFacts) -> dict[str, Any]:
    return {
        "cpus": facts.cpus,
        "cpu_mhz": facts.cpu_mhz,
        "memory_mib": facts.memory_mib,
        "hypervisor_version": facts.hypervisor_version,
        "architecture": facts.architecture,
        "hostname": facts.hostname,
        "capabilities": ",".join(facts.capabilities),
        "cpu_sockets": facts.cpu_sockets or None,
    }


def record_ping(host: Host, facts: dict[str, Any] | None = None) -> None:
    """A sign of life: a silent host is Up again. ``facts`` are columns that the host knows, its load among them.

    A host that is being connected stays so: its job decides. One that was removed stays removed.
    """
    _store(host, {name: value for name, value in (facts or {}).items() if value is not None})
    if host.status in SILENT:
        HOST_STATUS.fire(host, "ping", status_reason="", disconnected_at=None)


def record_loads(told: Sequence[tuple[Host, HostLoad]]) -> None:
    """What drivers answered on how busy hosts are; few statements however many they are."""
    if len(told) == 1:
        [(host, load)] = told
        Host.objects.filter(pk=host.pk).update(**asdict(load))
        return
    for host, load in told:
        for name, value in asdict(load).items():
            setattr(host, name, value)
    Host.objects.bulk_update([host for host, _ in told], LOAD_COLUMNS, batch_size=LOADS_AT_ONCE)


def _changes(host: Host, reported: dict[str, Any]) -> dict[str, Any]:
    """What of ``reported`` differs from the row, cut to what it holds; the operator's details come first."""
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
    return changes


def _store(host: Host, reported: dict[str, Any]) -> None:
    changes = _changes(host, reported)
    host.last_ping = timezone.now()
    Host.objects.filter(pk=host.pk).update(last_ping=host.last_ping, **changes)
    for name, value in changes.items():
        setattr(host, name, value)
    if changes.keys() & {"cpus", "cpu_mhz", "memory_mib"} or not hasattr(host, "capacity"):
        capacity.set_totals(host=host)
