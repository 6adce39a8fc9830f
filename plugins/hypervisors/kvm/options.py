"""Options of a host that shape its machines, read from the details that the operator gave the host."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack.contracts.errors import InvalidSpec

DOMAIN_TYPES = frozenset({"qemu", "kvm", "auto"})
CACHE_MODES = frozenset({"none", "writeback", "writethrough", "directsync"})
# With these QEMU keeps nothing in the host's page cache: another host sees each write at once.
COHERENT_CACHES = frozenset({"none", "directsync"})


@dataclass(frozen=True, kw_only=True)
class HostOptions:
    """How machines of one host look."""

    domain_type: str = "qemu"
    """``qemu`` (emulation, runs everywhere), ``kvm``, or ``auto``: KVM when a boot under it was seen to work."""
    machine: str = "pc"
    emulator: str = ""
    """Path of QEMU; libvirt chooses when empty."""
    cpu_mode: str = ""
    """``host-model``, ``host-passthrough``, ``maximum``, ``custom``; empty: ``host-model`` with KVM."""
    cpu_model: str = ""
    cpu_shares: bool = True
    """False on hosts whose libvirt has no CPU control group."""
    cache: str = "none"
    vnc_listen: str = ""
    """Address of the consoles; empty: what the host's ``qemu.conf`` says, which is loopback by default."""
    console_address: str = ""
    """Address at which the portal reaches the consoles; empty: where they listen, or the host's own address."""
    seed_path: str = "/var/lib/libvirt/cloudstack-seeds"
    console_path: str = "/var/log/libvirt/cloudstack-consoles"

    @classmethod
    def from_details(cls, details: Mapping[str, str]) -> "HostOptions":
        """Read what of the details is for this driver; ``InvalidSpec`` for a value that it does not know."""
        known = {name: details[name] for name in cls.__dataclass_fields__ if name in details and name != "cpu_shares"}
        options = cls(**known, cpu_shares=flag(details, "cpu_shares", default=True))
        for value, allowed, name in (
            (options.domain_type, DOMAIN_TYPES, "domain_type"),
            (options.cache, CACHE_MODES, "cache"),
        ):
            if value not in allowed:
                raise InvalidSpec(f"host detail {name}: {value!r} is not one of {', '.join(sorted(allowed))}")
        return options


def flag(details: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """A yes-or-no detail."""
    value = str(details.get(name, default)).strip().lower()
    if value not in {"true", "false", "yes", "no", "1", "0"}:
        raise InvalidSpec(f"host detail {name}: {value!r} is neither true nor false")
    return value in {"true", "yes", "1"}
