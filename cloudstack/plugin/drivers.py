"""Contracts that drivers fulfil, and the way to other drivers."""

from cloudstack.contracts.errors import (
    DriverError,
    DriverTimeout,
    DriverUnavailable,
    InvalidSpec,
    NotFound,
    NotSupported,
)
from cloudstack.contracts.host import HostFacts, HostRef
from cloudstack.framework.drivers import (
    host_agent,
    host_discovery,
    hypervisor_driver,
    image_store_driver,
    network_element,
    storage_driver,
)

__all__ = [
    "DriverError",
    "DriverTimeout",
    "DriverUnavailable",
    "HostFacts",
    "HostRef",
    "InvalidSpec",
    "NotFound",
    "NotSupported",
    "host_agent",
    "host_discovery",
    "hypervisor_driver",
    "image_store_driver",
    "network_element",
    "storage_driver",
]
