"""Finds the driver of a host, pool, image store or network through the hooks of the plugins."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.contracts.agent import HostAgent
from cloudstack.contracts.clusters import ClusterRef, HostDiscovery
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import HypervisorDriver
from cloudstack.contracts.network import NetworkElement
from cloudstack.contracts.storage import ImageStoreDriver, ImageStoreRef, PoolRef, PrimaryStorageDriver
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.plugins.contract import ensure_class_of
from cloudstack.framework.plugins.manager import pm

HOOKS: Mapping[str, type] = {
    "register_hypervisor_drivers": HypervisorDriver,
    "register_storage_drivers": PrimaryStorageDriver,
    "register_image_store_drivers": ImageStoreDriver,
    "register_network_elements": NetworkElement,
    "register_host_agents": HostAgent,
    "register_host_discoveries": HostDiscovery,
}
"""Hook → what the classes that plugins give by it must be."""


@cache
def _registered(hook: str) -> dict[Any, Any]:
    return pm.merged(hook, partial(_ensure_driver, hook))


def _ensure_driver(hook: str, key: Any, driver: Any) -> None:
    pair = hook == "register_storage_drivers"
    words = key if pair and isinstance(key, tuple) and len(key) == 2 else (key,) if not pair else (None,)
    if not all(isinstance(word, str) and word for word in words):
        wanted = "a pair of hypervisor and type of pool" if pair else "a name"
        raise ImproperlyConfigured(f"{hook}: the key {key!r} is not {wanted}")
    ensure_class_of(HOOKS[hook], driver, f"{hook}: the driver of {key!r}")


def reset() -> None:
    """Forget what was collected; for tests that register plugins."""
    _registered.cache_clear()
    network_element.cache_clear()


def collect() -> None:
    """Read all registrations, at start: a driver that two plugins give takes the later plugin out with a reason."""
    before: set[str] | None = None
    # A plugin that is taken out leaves nothing behind in the hooks that were read before its fault showed.
    while before != (left := {name for name, _ in pm.list_name_plugin()}):
        before = left
        reset()
        for hook in HOOKS:
            _registered(hook)


def _find(hook: str, key: Any, what: str) -> Any:
    known = _registered(hook)
    if key not in known:
        names = ", ".join(sorted(str(k) for k in known)) or "none"
        raise ResourceUnavailable(f"no plugin gives {what} {key!r}; there are: {names}")
    return known[key]


def hypervisor_types() -> list[str]:
    return sorted(_registered("register_hypervisor_drivers"))


def hypervisor_driver(host: HostRef) -> HypervisorDriver:
    """The driver of a host. Raises ``ResourceUnavailable`` when no plugin gives one; so do those below."""
    found: HypervisorDriver = _find("register_hypervisor_drivers", host.hypervisor, "a driver for hypervisor")(host)
    return found


def storage_driver(pool: PoolRef, host: HostRef) -> PrimaryStorageDriver:
    """The driver of a pool, through a host that sees it."""
    found: PrimaryStorageDriver = _find(
        "register_storage_drivers", (host.hypervisor, pool.type), "a driver for storage"
    )(pool, host)
    return found


def storage_types(hypervisor: str) -> list[str]:
    """Pool types that hosts of ``hypervisor`` can use."""
    return sorted(kind for (name, kind) in _registered("register_storage_drivers") if name == hypervisor)


def pool_types() -> list[str]:
    """Pool types that any host can use."""
    return sorted({kind for (_, kind) in _registered("register_storage_drivers")})


def image_store_driver(store: ImageStoreRef) -> ImageStoreDriver:
    """The driver of an image store."""
    found: ImageStoreDriver = _find("register_image_store_drivers", store.provider, "a driver for image store")(store)
    return found


def image_store_providers() -> list[str]:
    return sorted(_registered("register_image_store_drivers"))


@cache
def network_element(name: str) -> NetworkElement:
    """The one element of this name; every call answers the same object."""
    found: NetworkElement = _find("register_network_elements", name, "network element")()
    return found


def network_elements() -> list[str]:
    return sorted(_registered("register_network_elements"))


def host_agent(host: HostRef) -> HostAgent:
    """What carries commands to the agent on a host."""
    found: HostAgent = _find("register_host_agents", host.hypervisor, "an agent for hosts of")(host)
    return found


def host_discovery(cluster: ClusterRef) -> HostDiscovery:
    """What finds the hosts of a cluster at its manager."""
    found: HostDiscovery = _find("register_host_discoveries", cluster.hypervisor, "a way to find hosts of")(cluster)
    return found


def discovered_hypervisors() -> list[str]:
    """Hypervisors whose clusters have a manager that knows their hosts."""
    return sorted(_registered("register_host_discoveries"))


pm.when_out(lambda package: reset())
