"""One hypervisor host of the lab: its configuration, its init process, its start and its end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lab import namespaces, net
from lab.layout import REPO, Layout

NAME = re.compile(r"host[1-9][0-9]?")
MIGRATION_PORT = 16509
READY_TIMEOUT_S = 60.0
EXEC_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 4.0


class LabError(RuntimeError):
    """The lab could not be brought where it was asked to be; the message says why and where to look."""


@dataclass(frozen=True, kw_only=True)
class AgentOptions:
    """How hosts run their agent. Without a broker they run none."""

    broker: str = ""
    python: str = sys.executable
    memory_mib: int = 0


def find_inits(layout: Layout) -> dict[str, int]:
    """PIDs of the running init processes of this lab by host name, found by what they run: no file to trust."""
    wanted = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            argv = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if argv[1:3] == [b"-m", b"lab.hostinit"]:
            spec = Path(os.fsdecode(argv[3]))
            if spec.name == "host.json" and spec.parent.parent == layout.base / "hosts":
                wanted[spec.parent.name] = int(folder.name)
    return dict(sorted(wanted.items()))


def write_configuration(layout: Layout, number: int, agent: AgentOptions) -> str:
    """Write what host `number` needs (folders, libvirt's files, the init's specification); its name."""
    name, folder = f"host{number}", layout.host_folder(f"host{number}")
    for part in ("etc", "lib/images", "cache", "log", "agent"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    layout.socket_folder(name).mkdir(parents=True, exist_ok=True)
    (folder / "etc" / "libvirtd.conf").write_text(_libvirtd_conf(layout.host_uuid(name), layout.host_ip(number)))
    (folder / "etc" / "qemu.conf").write_text(_qemu_conf(layout.host_ip(number)))
    spec = layout.spec_file(name)
    spec.touch(mode=0o600)  # the broker's URL may hold a password
    spec.write_text(json.dumps(_specification(layout, name, layout.host_ip(number), agent), indent=1))
    return name


def write_names(layout: Layout, count: int) -> None:
    """Write the /etc/hosts that all hosts see, in place: they hold it mounted."""
    layout.base.joinpath("hosts").mkdir(exist_ok=True)
    lines = ["127.0.0.1 localhost", "::1 localhost", f"{layout.gateway} portal"]
    lines += [f"{layout.host_ip(number)} host{number}" for number in range(1, count + 1)]
    (layout.base / "hosts" / "names").write_text("\n".join(lines) + "\n")


def start(layout: Layout, name: str) -> int:
    """Start the host's init and plug its management link in; its PID."""
    folder = layout.host_folder(name)
    (folder / "services.json").unlink(missing_ok=True)
    for path in layout.socket_folder(name).glob("*"):  # what a killed libvirtd left
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    argv = [sys.executable, "-m", "lab.hostinit", str(layout.spec_file(name))]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPO), "LANG": "C.UTF-8", "HOME": "/root"}
    pid = namespaces.spawn_init(argv, log=str(folder / "log" / "init.log"), env=environment)
    net.plug_host(layout, name, pid)
    return pid


def repair(layout: Layout, name: str, pid: int) -> None:
    """Plug a running host in again if its link is gone, and let its init read its specification again."""
    if name not in net.links(layout.fabric):
        net.plug_host(layout, name, pid)
    os.kill(pid, signal.SIGHUP)


def wait_ready(layout: Layout, name: str) -> None:
    """Return when the host's libvirtd answers."""
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < READY_TIMEOUT_S:
        if _accepts(layout.socket_folder(name) / "libvirt-sock"):
            answer = subprocess.run(
                ["virsh", "-c", uri(layout, name), "hostname"], capture_output=True, text=True, check=False
            )
            if answer.returncode == 0:
                return
        # On a busy machine a host that was just started still bears its parent's command line.
        elif (waited > EXEC_TIMEOUT_S and name not in find_inits(layout)) or _restarts(layout, name) > 3:
            break
        time.sleep(0.05)
    folder = layout.host_folder(name) / "log"
    raise LabError(f"{name}: libvirtd does not answer after {waited:.0f} s; see {folder}\n{_last_words(folder)}")


def stop(pid: int) -> None:
    """End a host: in order, then at once. Returns when nothing of its PID namespace is left."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    try:
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.02)
    except ProcessLookupError:
        pass


def uri(layout: Layout, name: str) -> str:
    """libvirt URI of the host as seen from the portal machine."""
    return f"qemu+unix:///system?socket={layout.socket_folder(name) / 'libvirt-sock'}"


def migration_uri(ip_address: str) -> str:
    """libvirt URI of a host as the other hosts see it."""
    return f"qemu+tcp://{ip_address}/system"


def service_pids(layout: Layout, name: str, init_pid: int) -> dict[str, int]:
    """PIDs (as seen from here) of the host's running services by name."""
    try:
        inside = {
            entry["pid"]: service
            for service, entry in json.loads((layout.host_folder(name) / "services.json").read_text()).items()
            if entry["pid"]
        }
        children = Path(f"/proc/{init_pid}/task/{init_pid}/children").read_text().split()
    except (OSError, ValueError):
        return {}
    found = {}
    for pid in map(int, children):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        nspid = next(int(line.split()[-1]) for line in status.splitlines() if line.startswith("NSpid"))
        if nspid in inside:
            found[inside[nspid]] = pid
    return found


def _restarts(layout: Layout, name: str) -> int:
    try:
        return int(json.loads((layout.host_folder(name) / "services.json").read_text())["libvirtd"]["restarts"])
    except (OSError, ValueError, KeyError):
        return 0


def _last_words(folder: Path) -> str:
    """The ends of the logs in `folder`, each under its file's name."""
    ends = [(path.name, path.read_text(errors="replace").splitlines()[-5:]) for path in sorted(folder.glob("*.log"))]
    return "\n".join(f"{name}: {line}" for name, lines in ends for line in lines)


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _specification(layout: Layout, name: str, ip_address: str, agent: AgentOptions) -> dict[str, Any]:
    folder = layout.host_folder(name)
    services: list[Mapping[str, Any]] = [
        {
            "name": "libvirtd",
            "argv": [shutil.which("libvirtd"), "--listen", "--pid-file", "/run/libvirt/libvirtd.pid"],
            "env": {},
            "log": str(folder / "log" / "libvirtd.out"),
        }
    ]
    if agent.broker:
        broker, relay = _broker_inside(layout, name, agent.broker)
        services += [*relay, _agent_service(layout, name, replace(agent, broker=broker))]
    return {
        "name": name,
        "mgmt_address": f"{ip_address}/{layout.subnet.prefixlen}",
        "closed": {"from": layout.gateway, "tcp_port": MIGRATION_PORT},
        "binds": [
            [str(layout.base / "hosts" / "names"), "/etc/hosts"],
            [str(folder / "etc"), "/etc/libvirt"],
            [str(layout.socket_folder(name)), "/run/libvirt"],
            [str(folder / "lib"), "/var/lib/libvirt"],
            [str(folder / "cache"), "/var/cache/libvirt"],
            [str(folder / "log"), "/var/log/libvirt"],
            [str(folder / "agent"), "/var/lib/cloudstack-agent"],
        ],
        "services": services,
    }


def _broker_inside(layout: Layout, name: str, url: str) -> tuple[str, list[Mapping[str, Any]]]:
    """The broker's URL as the host sees it, and the relay that makes it true.

    A unix socket is a file like any other and is seen by all. A TCP broker gets a relay on the host's own loopback,
    because the host's network leads to the fabric only.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss"):
        return url, []
    host, port = parts.hostname or "127.0.0.1", parts.port or 6379
    here = "localhost" if parts.scheme == "rediss" and host == "localhost" else "127.0.0.1"
    credentials, at, _ = parts.netloc.rpartition("@")
    inside = urlunsplit(parts._replace(netloc=f"{credentials}{at}{here}:{port}"))
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    relay = {
        "name": "relay",
        "argv": [sys.executable, "-m", "lab.relay", str(port), target, str(namespaces.OUTER_NET_FD)],
        "env": {},
        "log": str(layout.host_folder(name) / "log" / "relay.log"),
        "outward": True,
    }
    return inside, [relay]


def _agent_service(layout: Layout, name: str, agent: AgentOptions) -> Mapping[str, Any]:
    folder = layout.host_folder(name)
    argv = [agent.python, "-m", "cloudstack.agent", "--host-uuid", layout.host_uuid(name)]
    if agent.memory_mib:
        argv += ["--memory-mib", str(agent.memory_mib)]
    return {
        "name": "agent",
        "argv": argv,
        # By environment, not argv: every user of the machine can read argv.
        "env": {"CLOUDSTACK_BROKER_URL": agent.broker, "PYTHONPATH": str(REPO), "PYTHONUNBUFFERED": "1"},
        "log": str(folder / "log" / "agent.log"),
    }


def _libvirtd_conf(host_uuid: str, ip_address: str) -> str:
    # TCP without authentication serves live migration between hosts: the address exists inside the fabric only, and
    # the host's init closes the port to the portal machine's own leg, where any local user could knock.
    return f"""\
host_uuid = "{host_uuid}"
listen_tls = 0
listen_tcp = 1
listen_addr = "{ip_address}"
tcp_port = "{MIGRATION_PORT}"
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"""


def _qemu_conf(ip_address: str) -> str:
    # VNC listens everywhere because a guest's definition travels with it to a host of another address.
    return f"""\
user = "root"
group = "root"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
vnc_listen = "0.0.0.0"
migration_address = "{ip_address}"
migration_host = "{ip_address}"
"""
