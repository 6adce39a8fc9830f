"""Where a lab keeps its things, and the names and addresses by which two labs stay apart."""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import net

REPO = Path(__file__).resolve().parent.parent
REGISTRY = Path("/run/cloudstack-lab")
HOST_NAMESPACE = uuid.UUID("6d1f0d64-6a0b-5d7b-8f0e-9d1d4a1c7b52")
# A unix socket's path has 108 bytes; libvirt adds the longest name "/libvirt-admin-sock" to the folder.
LONGEST_SOCKET_FOLDER = 108 - len("/libvirt-admin-sock") - 1


def data_folder() -> Path:
    """`$CLOUDSTACK_DATA`, or `var` of the repository."""
    return Path(os.environ.get("CLOUDSTACK_DATA") or REPO / "var").resolve()


@dataclass(frozen=True)
class Layout:
    """The paths and the identity of one lab."""

    data: Path
    prefix: str
    subnet: ipaddress.IPv4Network

    @property
    def base(self) -> Path:
        return self.data / "lab"

    @property
    def state_file(self) -> Path:
        return self.base / "state.json"

    @property
    def shared_pool(self) -> Path:
        """Primary storage that every host sees at this same path."""
        return self.base / "primary"

    @property
    def fabric(self) -> str:
        """Name of the network namespace that joins the hosts."""
        return f"{self.prefix}-fabric"

    @property
    def gateway_link(self) -> str:
        """The portal machine's own leg into the fabric."""
        return f"{self.prefix}-gw"

    @property
    def gateway(self) -> str:
        return str(self.subnet[1])

    def host_folder(self, name: str) -> Path:
        return self.base / "hosts" / name

    def spec_file(self, name: str) -> Path:
        return self.host_folder(name) / "host.json"

    def socket_folder(self, name: str) -> Path:
        """What the host has as /run/libvirt; elsewhere when the data folder's path is too long for a socket."""
        near = self.host_folder(name) / "run"
        return near if len(os.fsencode(near)) <= LONGEST_SOCKET_FOLDER else REGISTRY / self.prefix / name

    def host_ip(self, number: int) -> str:
        """Management address of host `number`, counted from 1."""
        return str(self.subnet[10 + number])

    def host_uuid(self, name: str) -> str:
        return str(uuid.uuid5(HOST_NAMESPACE, f"{name}@{self.data}"))


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """One `up` or `down` at a time for a data folder."""
    (data / "lab").mkdir(parents=True, exist_ok=True)
    with open(data / "lab" / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def load(data: Path) -> Layout | None:
    """The layout that an earlier `up` chose, or None. The registry knows it even when the data folder was deleted."""
    for path in (data / "lab" / "state.json", *sorted(REGISTRY.glob("*.json"))):
        try:
            state = json.loads(path.read_text())
            if Path(state["data"]) == data:
                return Layout(data, state["prefix"], ipaddress.IPv4Network(state["subnet"]))
        except (OSError, ValueError, KeyError):
            continue
    return None


def claim(data: Path) -> Layout:
    """Choose (or confirm) a prefix and a subnet that no other lab on this machine and no route of it uses."""
    REGISTRY.mkdir(parents=True, exist_ok=True)
    with open(REGISTRY / "lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        others = _claims_of_others(data)
        layout = load(data)
        if layout is None or layout.prefix in others or _taken(layout.subnet, others, layout.gateway_link):
            layout = _choose(data, others)
        (REGISTRY / f"{layout.prefix}.json").write_text(
            json.dumps({"data": str(data), "prefix": layout.prefix, "subnet": str(layout.subnet)})
        )
    return layout


def release(layout: Layout) -> None:
    """Give prefix and subnet back; the state file remembers them for the next `up`."""
    (REGISTRY / f"{layout.prefix}.json").unlink(missing_ok=True)


def _claims_of_others(data: Path) -> dict[str, ipaddress.IPv4Network]:
    claims = {}
    for path in REGISTRY.glob("*.json"):
        try:
            entry = json.loads(path.read_text())
            if Path(entry["data"]) != data:
                claims[entry["prefix"]] = ipaddress.IPv4Network(entry["subnet"])
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)
    return claims


def _choose(data: Path, others: dict[str, ipaddress.IPv4Network]) -> Layout:
    for attempt in range(1000):
        digest = hashlib.sha256(f"{data}#{attempt}".encode()).digest()
        prefix = f"cs{digest.hex()[:4]}"
        # 10.64.0.0 and up: below it live the networks that people number by hand.
        subnet = ipaddress.IPv4Network((0x0A400000 + (int.from_bytes(digest[4:7], "big") % 0xC000) * 256, 24))
        if prefix not in others and not _taken(subnet, others, f"{prefix}-gw"):
            return Layout(data, prefix, subnet)
    raise RuntimeError("no free /24 in 10.64.0.0-10.255.255.255 for the lab")


def _taken(subnet: ipaddress.IPv4Network, others: dict[str, ipaddress.IPv4Network], own_link: str) -> bool:
    if any(subnet.overlaps(other) for other in others.values()):
        return True
    return any(subnet.overlaps(network) for network, device in net.routes() if device != own_link)
