"""Process 1 of a lab host: prepares its namespaces, then starts, restarts and reaps what the host runs.

Run as `python -m lab.hostinit SPEC.json` by `lab.hosts`. SIGHUP reads the file again (a changed service is
restarted, a vanished one stopped); SIGTERM ends the host in order. Its death by any means ends everything in it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import namespaces

WATCHED = {signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
LINK_WAIT_S = 15.0
GRACE_S = 2.0
# A service that lived this long is restarted at once; one that keeps dying waits longer each time.
HEALTHY_S = 10.0
LONGEST_PAUSE_S = 10.0
# Where the init keeps the machine's network namespace, closed to all it starts but those that ask for it.
HELD_NET_FD = 20


def say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} init: {words}", flush=True)


@dataclass
class Service:
    """One supervised program."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: str
    outward: bool = False  # is given the machine's own network namespace as a descriptor
    pid: int = 0
    started: float = 0.0
    pause_s: float = 0.0
    not_before: float = 0.0
    restarts: int = -1
    wanted: bool = True

    def start(self) -> None:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        actions = [(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
        if self.outward:
            actions.append((os.POSIX_SPAWN_DUP2, HELD_NET_FD, namespaces.OUTER_NET_FD))
        try:
            self.pid = os.posix_spawn(
                self.argv[0],
                self.argv,
                {**os.environ, **self.env},
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=WATCHED,
            )
        except OSError as error:
            say(f"{self.name} does not start: {error}")
            self.ended(str(error))
            return
        finally:
            os.close(log)
        self.started = time.monotonic()
        self.restarts += 1
        say(f"{self.name} started as {self.pid}")

    def ended(self, how: str) -> None:
        lived = time.monotonic() - self.started
        self.pid = 0
        self.pause_s = 0.0 if lived >= HEALTHY_S else min(LONGEST_PAUSE_S, max(0.5, self.pause_s * 2))
        self.not_before = time.monotonic() + self.pause_s
        say(f"{self.name} ended ({how}) after {lived:.0f} s; again in {self.pause_s:.1f} s")


@dataclass
class HostInit:
    """The supervisor and what it has read from the specification."""

    spec_file: Path
    services: dict[str, Service] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        self.read()
        prepare_mounts(self.spec)
        socket.sethostname(self.spec["name"])
        prepare_links(self.spec)
        while True:
            self.start_due()
            self.report()
            caught = signal.sigtimedwait(WATCHED, 1.0)
            self.reap()
            if caught is None:
                continue
            if caught.si_signo == signal.SIGHUP:
                self.read()
                prepare_links(self.spec)
            elif caught.si_signo in (signal.SIGTERM, signal.SIGINT):
                self.finish()
                return

    def read(self) -> None:
        """Take the specification; running services that it no longer has in this form are stopped."""
        self.spec = json.loads(self.spec_file.read_text())
        wanted = {entry["name"]: Service(**entry) for entry in self.spec["services"]}
        for name, old in list(self.services.items()):
            new = wanted.get(name)
            if new and (new.argv, new.env) == (old.argv, old.env):
                wanted[name] = old
            elif old.pid:
                say(f"stopping {name}: the specification changed")
                stop(old.pid)
                self.reap()
        self.services = wanted

    def start_due(self) -> None:
        now = time.monotonic()
        for service in self.services.values():
            if not service.pid and now >= service.not_before:
                service.start()

    def reap(self) -> None:
        while True:
            try:
                pid, raw = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for service in self.services.values():
                if service.pid == pid:
                    code = os.waitstatus_to_exitcode(raw)
                    service.ended(f"status {code}" if code >= 0 else signal.Signals(-code).name)

    def report(self) -> None:
        state = {s.name: {"pid": s.pid, "restarts": max(0, s.restarts)} for s in self.services.values()}
        words = json.dumps(state)
        target = self.spec_file.with_name("services.json")
        try:
            if target.read_text() == words:
                return
        except OSError:
            pass
        target.with_suffix(".new").write_text(words)
        target.with_suffix(".new").rename(target)

    def finish(self) -> None:
        """Let the guests' QEMU close its images, then leave: the kernel ends whatever is still here."""
        say("stopping the host")
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            os.kill(-1, signal.SIGTERM)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline:
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return


def stop(pid: int) -> None:
    """End one of our children: TERM, then KILL after the grace time."""
    deadline = time.monotonic() + GRACE_S
    os.kill(pid, signal.SIGTERM)
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def prepare_mounts(spec: dict[str, Any]) -> None:
    """Private mounts: the host's own /proc and /sys, its own named namespaces, its own libvirt folders."""
    namespaces.mount("none", "/", flags=namespaces.MS_REC | namespaces.MS_PRIVATE)
    drop_foreign_namespaces()
    namespaces.mount("proc", "/proc", "proc")
    namespaces.mount("sysfs", "/sys", "sysfs")
    os.makedirs("/run/netns", exist_ok=True)
    namespaces.mount("tmpfs", "/run/netns", "tmpfs", options="mode=755,size=1m")
    for source, target in spec["binds"]:
        if os.path.isdir(source):
            os.makedirs(target, exist_ok=True)
        namespaces.bind(source, target)


def drop_foreign_namespaces() -> None:
    """Let go of the machine's named network namespaces, which our copy of the mounts would keep alive."""
    with open("/proc/self/mounts") as table:
        targets = [line.split()[1] for line in table]
    for target in reversed(targets):
        if target.startswith(("/run/netns/", "/var/run/netns/")):
            namespaces.detach(target)


def prepare_links(spec: dict[str, Any]) -> None:
    """Wait for the management link, which is plugged in from outside, and give it its address."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    deadline = time.monotonic() + LINK_WAIT_S
    while not os.path.exists("/sys/class/net/mgmt"):
        if time.monotonic() > deadline:
            sys.exit("init: nobody plugged in the management link")
        time.sleep(0.02)
    subprocess.run(["ip", "addr", "replace", spec["mgmt_address"], "dev", "mgmt"], check=True)
    close_port(source=spec["closed"]["from"], port=spec["closed"]["tcp_port"])
    subprocess.run(["ip", "link", "set", "mgmt", "up"], check=True)


def close_port(*, source: str, port: int) -> None:
    """Refuse TCP `port` to `source`; repeating it changes nothing."""
    rules = f"""
table inet lab
delete table inet lab
table inet lab {{
  chain input {{
    type filter hook input priority 0;
    ip saddr {source} tcp dport {port} reject with tcp reset
  }}
}}
"""
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


if __name__ == "__main__":
    os.dup2(namespaces.OUTER_NET_FD, HELD_NET_FD, inheritable=False)
    os.close(namespaces.OUTER_NET_FD)
    HostInit(Path(sys.argv[1])).run()
