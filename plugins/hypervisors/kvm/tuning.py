"""Options of one machine that its owner chose: how its disks and cards are driven, and the console's keyboard."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.hypervisor import VmSpec
from plugins.hypervisors.kvm.options import flag

IO_POLICIES = ("native", "threads", "io_uring")
KEYBOARDS = {
    "de": "de", "de-ch": "de-ch", "es": "es", "es-latam": "es", "fi": "fi", "fr": "fr", "fr-be": "fr-be",
    "fr-ch": "fr-ch", "is": "is", "it": "it", "jp": "ja", "nl-be": "nl-be", "no": "no", "pt": "pt", "uk": "en-gb",
    "us": "en-us",
}  # fmt: skip
"""Layouts as users name them, and as QEMU does."""
MAX_QUEUES = 256
# QEMU reads files this way only where it keeps nothing in the host's page cache.
UNCACHED = ("none", "directsync")


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What the details of a machine ask for."""

    io_threads: bool = False
    io_policy: str = ""
    queues: int = 0
    packed: bool = False
    keymap: str = ""

    @classmethod
    def of(cls, spec: VmSpec) -> "Tuning":
        """Raises ``InvalidSpec`` for a value that is none."""
        details = spec.details
        policy, keyboard = details.get("io.policy", ""), details.get("keyboard", "")
        if policy and policy not in IO_POLICIES:
            raise InvalidSpec(f"{spec.name}: io.policy {policy!r} is not one of {', '.join(IO_POLICIES)}")
        if keyboard and keyboard not in KEYBOARDS:
            raise InvalidSpec(f"{spec.name}: keyboard {keyboard!r} is not one of {', '.join(KEYBOARDS)}")
        return cls(
            io_threads=flag(details, "iothreads"),
            io_policy=policy,
            queues=_queues(details, spec),
            packed=flag(details, "nic.packed.virtqueues.enabled"),
            keymap=KEYBOARDS.get(keyboard, ""),
        )

    def disk(self, element: ET.Element) -> None:
        """Add what concerns a disk to its element."""
        driver, target = element.find("driver"), element.find("target")
        if driver is None or target is None:
            return
        if self.io_threads and target.get("bus") == "virtio":
            driver.set("iothread", "1")
        if self.io_policy == "native" and driver.get("cache") not in UNCACHED:
            raise InvalidSpec(f"io.policy native needs a disk cached {' or '.join(UNCACHED)}")
        if self.io_policy:
            driver.set("io", self.io_policy)

    def nic(self, element: ET.Element) -> None:
        """Add what concerns a card to its element."""
        model = element.find("model")
        if model is None or model.get("type") != "virtio" or not (self.queues or self.packed):
            return
        driver = ET.Element("driver")
        if self.queues:
            driver.set("queues", str(self.queues))
        if self.packed:
            driver.set("packed", "on")
        element.insert(list(element).index(model) + 1, driver)


def _queues(details: Mapping[str, str], spec: VmSpec) -> int:
    """One for each virtual CPU when it is -1."""
    text = details.get("nic.multiqueue.number", "")
    if text == "-1":
        return min(spec.cpus, MAX_QUEUES)
    if text and not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_QUEUES):
        raise InvalidSpec(f"{spec.name}: nic.multiqueue.number must be -1 or 1 to {MAX_QUEUES}, not {text!r}")
    return int(text or 0)
