"""What this plugin gives to the portal."""

from typing import Any

from cloudstack.plugin import hookimpl


@hookimpl
def register_hypervisor_drivers() -> dict[str, Any]:
    from plugins.hypervisors.simulator.driver import SimulatorDriver

    return {"Simulator": SimulatorDriver}


@hookimpl
def register_storage_drivers() -> dict[tuple[str, str], Any]:
    from plugins.hypervisors.simulator.storage import SimulatorStorageDriver

    return {
        ("Simulator", "Simulator"): SimulatorStorageDriver,
        ("Simulator", "NetworkFilesystem"): SimulatorStorageDriver,
    }


@hookimpl
def register_image_store_drivers() -> dict[str, Any]:
    from plugins.hypervisors.simulator.image_store import SimulatorImageStore

    return {"Simulator": SimulatorImageStore}


@hookimpl
def register_host_agents() -> dict[str, Any]:
    from plugins.hypervisors.simulator.agent import SimulatorAgent

    return {"Simulator": SimulatorAgent}


@hookimpl
def register_api_commands() -> list[Any]:
    from plugins.hypervisors.simulator.api.commands import (
        CleanupSimulatorMock,
        ConfigureSimulator,
        QuerySimulatorMock,
    )

    return [ConfigureSimulator, QuerySimulatorMock, CleanupSimulatorMock]


@hookimpl
def register_health_checks() -> list[Any]:
    from cloudstack.plugin.health import HealthCheck
    from plugins.hypervisors.simulator.service import broken_promises

    return [HealthCheck("Promises kept", broken_promises)]
