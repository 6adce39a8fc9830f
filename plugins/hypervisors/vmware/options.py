"""Options of the operator, read from the details of a host (or of its cluster)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cloudstack.contracts.errors import InvalidSpec

CONTROLLERS = ("pvscsi", "lsilogic", "lsisas1068", "buslogic")
ADAPTERS = ("vmxnet3", "e1000e", "e1000")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How machines of a host look, and how they reach networks."""

    distributed_switch: str = ""
    """Name of the distributed switch that carries guests; empty: the one that the host is a member of."""
    folder: str = ""
    """Folder of machines in the datacenter, such as ``cloud/machines``; empty: its topmost."""
    root_disk_controller: str = "pvscsi"
    nic_adapter: str = "vmxnet3"
    guest_id: str = "otherGuest64"
    """What vSphere is told of the guest's system, where the machine itself does not say it."""

    @classmethod
    def from_details(cls, details: Mapping[str, str]) -> "Options":
        """Raises ``InvalidSpec`` for a value that this driver does not know."""
        options = cls(**{name: details[name] for name in cls.__dataclass_fields__ if name in details})
        for value, allowed, name in (
            (options.root_disk_controller, CONTROLLERS, "root_disk_controller"),
            (options.nic_adapter, ADAPTERS, "nic_adapter"),
        ):
            if value not in allowed:
                raise InvalidSpec(f"host detail {name}: {value!r} is not one of {', '.join(allowed)}")
        return options

    def for_machine(self, details: Mapping[str, str]) -> "Options":
        """The same with what the machine itself says: its details ``rootDiskController`` and ``nicAdapter``.

        Words of other drivers, or ``osdefault``, change nothing.
        """
        told = {key.lower(): value for key, value in details.items()}
        controller, adapter = told.get("rootdiskcontroller", "").lower(), told.get("nicadapter", "").lower()
        return replace(
            self,
            root_disk_controller=controller if controller in CONTROLLERS else self.root_disk_controller,
            nic_adapter=adapter if adapter in ADAPTERS else self.nic_adapter,
        )
