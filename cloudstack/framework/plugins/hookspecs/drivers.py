"""Drivers a plugin brings; read once, when all apps are ready."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_hypervisor_drivers():
    """Return ``{"KVM": KvmDriver}``: hypervisor type to driver class, made as ``KvmDriver(host_ref)``."""


@hookspec
def register_storage_drivers():
    """Return ``{("KVM", "SharedMountPoint"): Driver}``: (hypervisor, pool type) to driver class."""


@hookspec
def register_image_store_drivers():
    """Return ``{"Directory": Driver}``: image store provider to driver class, made as ``Driver(store_ref)``."""


@hookspec
def register_host_agents():
    """Return ``{"KVM": Agent}``: hypervisor type to the class that carries agent commands to a host."""


@hookspec
def register_host_discoveries():
    """Return ``{"VMware": Discovery}``: hypervisor type to the class that finds the hosts of a cluster at its manager,
    made as ``Discovery(cluster_ref)``; see ``cloudstack.contracts.clusters``."""
