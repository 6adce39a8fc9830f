"""How the agent touches its host: programs by argument list, files by atomic replacement, one writer at a time."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudstack.contracts.errors import DriverError, DriverTimeout

NETNS_FOLDER = Path("/run/netns")
# Marks the links that are ours, so that nothing else is ever taken away.
ALIAS = "cloudstack"


@dataclass(frozen=True, kw_only=True)
class AgentContext:
    """Who this agent is and where it remembers what it made. ``memory_mib`` of 0 means all of the machine's."""

    host_uuid: str
    state_dir: Path
    memory_mib: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def networks(self) -> Path:
        return self.state_dir / "networks"

    @property
    def bridges(self) -> Path:
        return self.state_dir / "bridges"

    def prepare(self) -> None:
        for folder in (self.networks, self.bridges, self.state_dir / "locks"):
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold ``name`` alone, among threads and processes of this host."""
        with open(self.state_dir / "locks" / name, "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def run(*argv: str, timeout_s: float = 20) -> str:
    """Standard output of a program. ``DriverError`` carries its own words when it fails."""
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=timeout_s)
    except FileNotFoundError:
        raise DriverError(f"{argv[0]} is not installed on this host") from None
    except subprocess.TimeoutExpired:
        raise DriverTimeout(f"{' '.join(argv)}: no end after {timeout_s:.0f} s") from None
    if answer.returncode != 0:
        words = answer.stderr.strip() or answer.stdout.strip() or f"status {answer.returncode}"
        raise DriverError(f"{' '.join(argv)}: {words}")
    return answer.stdout


def ip(*args: str, netns: str = "") -> str:
    return run("ip", *(("-n", netns) if netns else ()), *args)


def links(netns: str = "") -> dict[str, dict[str, Any]]:
    """Links of the host or of a namespace by name, with the details of their kind."""
    listing = json.loads(ip("-j", "-d", "link", "show", netns=netns) or "[]")
    return {link["ifname"]: link for link in listing if link}


def kind(link: dict[str, Any]) -> str:
    """``bridge``, ``vxlan``, ``tun``…; empty for a physical link."""
    return str(link.get("linkinfo", {}).get("info_kind", ""))


def details(link: dict[str, Any]) -> dict[str, Any]:
    found = link.get("linkinfo", {}).get("info_data", {})
    return found if isinstance(found, dict) else {}


def silence_ipv6(link: str) -> None:
    """Keep the host itself off a guests' link: no link-local address, no router advertisement heard."""
    setting = Path("/proc/sys/net/ipv6/conf") / link / "disable_ipv6"
    if setting.exists():
        setting.write_text("1")


def write(path: Path, text: str, *, mode: int = 0o644) -> bool:
    """Replace a file in one step; whether its contents changed.

    The new file is written in the parent folder, where no watcher of ``path``'s folder sees the half of it.
    """
    try:
        if path.read_text() == text:
            return False
    except OSError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.parent.parent / f".{path.name}.{os.getpid()}.{time.monotonic_ns()}"
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.rename(path)
    return True
