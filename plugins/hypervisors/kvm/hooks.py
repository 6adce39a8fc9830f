"""What this plugin gives to the portal. libvirt is imported only when a driver is asked for."""

from typing import Any

from cloudstack.plugin import hookimpl


def _require_libvirt() -> None:
    try:
        import libvirt  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "libvirt-python is not installed: apt-get install libvirt-dev pkg-config gcc, then bin/bootstrap"
        ) from error


@hookimpl
def register_hypervisor_drivers() -> dict[str, Any]:
    _require_libvirt()
    from plugins.hypervisors.kvm.driver import KvmDriver

    return {"KVM": KvmDriver}


@hookimpl
def register_storage_drivers() -> dict[tuple[str, str], Any]:
    _require_libvirt()
    from plugins.hypervisors.kvm.storage import DirectoryPoolDriver

    return {("KVM", "SharedMountPoint"): DirectoryPoolDriver, ("KVM", "Filesystem"): DirectoryPoolDriver}


@hookimpl
def register_host_agents() -> dict[str, Any]:
    from plugins.hypervisors.kvm.agent import CeleryHostAgent

    return {"KVM": CeleryHostAgent}
