"""The lab as a whole: bring it up, take it down, say how it is."""

from __future__ import annotations

import grp
import json
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lab import hosts, image, net
from lab import layout as layouts
from lab.checks import extend_path
from lab.hosts import AgentOptions, LabError
from lab.layout import REGISTRY, Layout
from lab.net import CommandFailed

Say = Callable[[str], None]
DEFAULT_HOSTS = 2
MOST_HOSTS = 40


def up(data: Path, *, count: int | None, agent: AgentOptions, with_image: bool, say: Say) -> dict[str, Any]:
    """Bring `count` hosts up (None: as many as last time, at first two); what is already right stays untouched.

    Without a broker in `agent` running agents keep the one they have. A guest image that cannot be built is said and
    does not stop the hosts. Answers what `status` answers.
    """
    begun = time.monotonic()
    with layouts.locked(data):
        layout = layouts.claim(data)
        remembered = _remembered(layout)
        count = count or remembered.get("hosts") or DEFAULT_HOSTS
        if not 1 <= count <= MOST_HOSTS:
            raise LabError(f"--hosts {count}: 1 to {MOST_HOSTS} hosts are possible")
        agent = _agent_options(agent, remembered, count)
        _ensure_account(say)
        layout.shared_pool.mkdir(parents=True, exist_ok=True)
        _remember(layout, count, agent)
        if net.ensure_fabric(layout):
            say(f"fabric {layout.fabric}: {layout.subnet}, this machine is {layout.gateway}")
        names = _ensure_hosts(layout, count, agent, say)
        if with_image:
            _ensure_image(layout, say)
        with ThreadPoolExecutor(max_workers=count) as pool:
            list(pool.map(lambda name: hosts.wait_ready(layout, name), names))
    answer = status(data)
    say(f"{count} hosts ready in {time.monotonic() - begun:.1f} s")
    return answer


def down(data: Path, *, purge: bool, say: Say) -> None:
    """End every process, namespace and link of the lab; with `purge` also forget its disks and definitions."""
    extend_path()
    with layouts.locked(data):
        layout = layouts.load(data)
        if layout is None:
            say("no lab here")
            return
        inits = hosts.find_inits(layout)
        with ThreadPoolExecutor(max_workers=len(inits) or 1) as pool:
            list(pool.map(hosts.stop, inits.values()))
        for name in inits:
            say(f"{name} stopped")
        if net.remove_fabric(layout):
            say(f"fabric {layout.fabric} removed")
        shutil.rmtree(REGISTRY / layout.prefix, ignore_errors=True)
        layouts.release(layout)
        if purge:
            for path in layout.base.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            say(f"{layout.base} emptied")


def status(data: Path) -> dict[str, Any]:
    """What runs, as plain data."""
    extend_path()
    layout = layouts.load(data)
    if layout is None:
        return {"state": "absent", "data": str(data), "hosts": [], "domains": []}
    inits = hosts.find_inits(layout)
    count = _remembered(layout).get("hosts", 0)
    entries = [_host_status(layout, number, inits) for number in range(1, count + 1)]
    running = [entry for entry in entries if entry["state"] == "up"]
    state = "up" if entries and len(running) == len(entries) else "partial" if running else "down"
    return {
        "state": state,
        "data": str(data),
        "prefix": layout.prefix,
        "subnet": str(layout.subnet),
        "gateway": layout.gateway,
        "fabric": layout.fabric,
        "shared_pool_path": str(layout.shared_pool),
        "local_pool_path": "/var/lib/libvirt/images",
        "image": str(_image_path(layout)) if _image_path(layout).exists() else "",
        "hosts": entries,
        "domains": [domain for entry in entries for domain in entry.pop("domains")],
    }


def init_pid(data: Path, name: str) -> int:
    """PID of the init of host `name`; `LabError` when it does not run."""
    layout = layouts.load(data)
    pid = hosts.find_inits(layout).get(name) if layout else None
    if pid is None:
        raise LabError(f"no host {name!r} is running; bin/lab status shows what is")
    return pid


def _ensure_hosts(layout: Layout, count: int, agent: AgentOptions, say: Say) -> list[str]:
    inits = hosts.find_inits(layout)
    names = []
    hosts.write_names(layout, count)
    for number in range(1, count + 1):
        name = hosts.write_configuration(layout, number, agent)
        names.append(name)
        if name in inits:
            hosts.repair(layout, name, inits[name])
        else:
            hosts.start(layout, name)
            say(f"{name} started, {layout.host_ip(number)}")
    for name, pid in inits.items():
        if name not in names:
            hosts.stop(pid)
            say(f"{name} stopped: only {count} wanted")
    return names


def _ensure_image(layout: Layout, say: Say) -> None:
    try:
        image.ensure(_image_path(layout), say=say)
    except (CommandFailed, OSError) as error:
        say(f"no guest image: {error}")


def _ensure_account(say: Say) -> None:
    """libvirt's QEMU driver refuses to start without this account, even where guests run as root."""
    name = "libvirt-qemu"
    try:
        grp.getgrnam(name)
    except KeyError:
        net.run("groupadd", "--system", name)
        say(f"group {name} created")
    try:
        pwd.getpwnam(name)
    except KeyError:
        net.run("useradd", "--system", "-g", name, "-d", "/nonexistent", "-s", "/usr/sbin/nologin", name)
        say(f"user {name} created")


def _agent_options(agent: AgentOptions, remembered: dict[str, Any], count: int) -> AgentOptions:
    if not agent.broker:
        agent = AgentOptions(**remembered.get("agent", {}))
    if not agent.memory_mib:
        total_kib = int(Path("/proc/meminfo").read_text().split()[1])
        # The hosts share one machine: together they may not promise more than it has.
        agent = replace(agent, memory_mib=total_kib // 1024 // count)
    return agent


def _remembered(layout: Layout) -> dict[str, Any]:
    try:
        return dict(json.loads(layout.state_file.read_text()))
    except (OSError, ValueError):
        return {}


def _remember(layout: Layout, count: int, agent: AgentOptions) -> None:
    kept = {**asdict(agent), "memory_mib": 0}
    words = {
        "data": str(layout.data),
        "prefix": layout.prefix,
        "subnet": str(layout.subnet),
        "hosts": count,
        "agent": kept,
    }
    fresh = layout.state_file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(words, indent=1))
    fresh.rename(layout.state_file)


def _image_path(layout: Layout) -> Path:
    return layout.base / "image" / image.NAME


def _host_status(layout: Layout, number: int, inits: dict[str, int]) -> dict[str, Any]:
    name = f"host{number}"
    pid = inits.get(name, 0)
    services = hosts.service_pids(layout, name, pid) if pid else {}
    entry: dict[str, Any] = {
        "name": name,
        "uuid": layout.host_uuid(name),
        "state": "up" if "libvirtd" in services else "down",
        "mgmt_ip": layout.host_ip(number),
        "libvirt_uri": hosts.uri(layout, name),
        "migration_uri": hosts.migration_uri(layout.host_ip(number)),
        "init_pid": pid or None,
        "libvirtd_pid": services.get("libvirtd"),
        "agent_pid": services.get("agent"),
        "log_folder": str(layout.host_folder(name) / "log"),
    }
    entry["domains"] = _domains(name, entry["libvirt_uri"]) if entry["state"] == "up" else []
    return entry


def _domains(host: str, uri: str) -> list[dict[str, str]]:
    def listed(*which: str) -> list[str]:
        argv = ["virsh", "-c", uri, "list", "--name", *which]
        try:
            answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
        except subprocess.TimeoutExpired:
            return []
        return answer.stdout.split()

    running = listed()
    return [{"name": name, "host": host, "state": "running" if name in running else "off"} for name in listed("--all")]
