"""Rows for the tests of the core that go through all models."""

import uuid

from plugins.hypervisors.simulator.models import Fault, SimulatedHost, Violation

UNOWNED = {
    Fault: lambda number: Fault.objects.create(command="StartCommand", value="fail"),
    Violation: lambda number: Violation.objects.create(kind="double", text=f"number {number}"),
    SimulatedHost: lambda number: SimulatedHost.objects.create(host_uuid=uuid.uuid4(), cpus=1, cpu_mhz=1, memory_mib=1),
}
