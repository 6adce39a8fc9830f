"""What this plugin gives to the portal. pyVmomi is imported only when a driver is asked for."""

from typing import Any

from cloudstack.plugin import hookimpl


@hookimpl
def register_hypervisor_drivers() -> dict[str, Any]:
    from plugins.hypervisors.vmware.driver import VmwareDriver

    return {"VMware": VmwareDriver}


@hookimpl
def register_storage_drivers() -> dict[tuple[str, str], Any]:
    from plugins.hypervisors.vmware.storage import DatastoreDriver

    return {("VMware", "VMFS"): DatastoreDriver}


@hookimpl
def register_network_elements() -> dict[str, Any]:
    from plugins.hypervisors.vmware.networks import DistributedSwitch

    return {DistributedSwitch.name: DistributedSwitch}


@hookimpl
def register_host_discoveries() -> dict[str, Any]:
    from plugins.hypervisors.vmware.discovery import ClusterDiscovery

    return {"VMware": ClusterDiscovery}
