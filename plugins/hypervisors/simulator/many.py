"""What many simulated hosts tell at once: a statement or two, however many they are."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from cloudstack.contracts.host import HostFacts, HostLoad, HostRef
from cloudstack.contracts.hypervisor import PowerState, VmStatistics
from plugins.hypervisors.simulator import figures
from plugins.hypervisors.simulator.faults import harmless
from plugins.hypervisors.simulator.models import SimulatedHost, SimulatedVm


def facts(hosts: Sequence[HostRef]) -> Mapping[str, HostFacts]:
    return _facts(harmless(hosts, "host_facts"))


def loads(hosts: Sequence[HostRef]) -> Mapping[str, HostLoad]:
    well = harmless(hosts, "host_load")
    running = _machines(well).filter(power=PowerState.ON).order_by().values("host_uuid")
    used = {str(row["host_uuid"]): row for row in running.annotate(cpus=Sum("cpus"), memory=Sum("memory_mib"))}
    return {
        uuid: figures.load(known, used[uuid]["cpus"], used[uuid]["memory"])
        if uuid in used
        else figures.load(known, 0, 0)
        for uuid, known in _facts(well).items()
    }


def power_states(hosts: Sequence[HostRef]) -> Mapping[str, Mapping[str, PowerState]]:
    well = harmless(hosts, "power_states")
    told: dict[str, dict[str, PowerState]] = {host.uuid: {} for host in well}
    words = {state.value: state for state in PowerState}
    managed = _machines(well).filter(managed=True)
    for host, uuid, power in managed.values_list("host_uuid", "vm_uuid", "power"):
        told[str(host)][str(uuid)] = words[power]
    return told


def statistics(hosts: Sequence[HostRef]) -> Mapping[str, Mapping[str, VmStatistics]]:
    well = harmless(hosts, "statistics")
    told: dict[str, dict[str, VmStatistics]] = {host.uuid: {} for host in well}
    now = timezone.now()
    for vm in _machines(well).filter(power=PowerState.ON).only(*figures.NEEDED):
        told[str(vm.host_uuid)][str(vm.vm_uuid)] = figures.of_machine(vm, now)
    return told


def _facts(hosts: Sequence[HostRef]) -> dict[str, HostFacts]:
    rows: dict[str, Any] = defaultdict(lambda: None)
    for row in SimulatedHost.objects.filter(host_uuid__in=[host.uuid for host in hosts]).values():
        rows[str(row["host_uuid"])] = {name: row[name] for name in figures.DEFAULTS}
    return {host.uuid: figures.facts(host, rows[host.uuid]) for host in hosts}


def _machines(hosts: Sequence[HostRef]) -> Any:
    return SimulatedVm.objects.filter(host_uuid__in=[host.uuid for host in hosts])
