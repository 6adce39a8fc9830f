"""The simulated world: hosts, machines, storage, networks, faults to come, and broken promises that were seen."""

from plugins.hypervisors.simulator.models.fault import Fault
from plugins.hypervisors.simulator.models.host import SimulatedHost
from plugins.hypervisors.simulator.models.machine import SimulatedVm
from plugins.hypervisors.simulator.models.network import SimulatedBridge, SimulatedDhcp, SimulatedDhcpHost
from plugins.hypervisors.simulator.models.storage import SimulatedTemplate, SimulatedVolume
from plugins.hypervisors.simulator.models.violation import Violation

__all__ = [
    "Fault",
    "SimulatedBridge",
    "SimulatedDhcp",
    "SimulatedDhcpHost",
    "SimulatedHost",
    "SimulatedTemplate",
    "SimulatedVm",
    "SimulatedVolume",
    "Violation",
]
