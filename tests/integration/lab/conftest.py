"""A lab of its own for these tests, in a folder of its own, with a broker of its own; gone afterwards."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.result import allow_join_result

from cloudstack.contracts.agent import TASK, AgentAnswer, AgentCommand, answer_from_wire, queue_name
from cloudstack.runtime.redis_urls import broker_url
from cloudstack.runtime.valkey import private_valkey
from lab import preflight

REPO = Path(__file__).resolve().parents[3]


def eventually(question: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """The first true answer; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.1)
    pytest.fail(f"{what}: not within {seconds:.0f} s")


class Lab:
    """`bin/lab` on one data folder, and the agents behind it."""

    def __init__(self, data: Path, broker: str = ""):
        self.data, self.broker = data, broker
        self.celery = Celery(broker=broker_url(broker), backend=broker_url(broker), set_as_current=False)

    def run(self, *argv: str, check: bool = True, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [str(REPO / "bin" / "lab"), *argv],
            env={**os.environ, "CLOUDSTACK_DATA": str(self.data)},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        if check and answer.returncode != 0:
            raise AssertionError(f"bin/lab {' '.join(argv)}: {answer.returncode}\n{answer.stdout}\n{answer.stderr}")
        return answer

    def up(self, *options: str) -> None:
        self.run("up", "--broker", self.broker, "--python", sys.executable, *options)

    @property
    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json").stdout)

    def host(self, name: str) -> dict[str, Any]:
        return next(host for host in self.status["hosts"] if host["name"] == name)

    @functools.cached_property
    def facts(self) -> dict[str, Any]:
        """What of the status never changes: UUIDs, addresses, paths."""
        return self.status

    def fact(self, host: str, name: str) -> str:
        return next(str(entry[name]) for entry in self.facts["hosts"] if entry["name"] == host)

    def inside(self, host: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the namespaces of a host."""
        return self.run("exec", host, "--", *argv, check=check)

    def virsh(self, host: str, *argv: str) -> str:
        uri = self.fact(host, "libvirt_uri")
        answer = subprocess.run(["virsh", "-c", uri, *argv], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def ask(self, host: str, command: AgentCommand, *, timeout_s: float = 20) -> AgentAnswer:
        """What the portal does: send the command to the host's queue and wait."""
        queue = queue_name(self.fact(host, "uuid"))
        sent = self.celery.send_task(TASK, args=(command.kind, command.to_wire()), queue=queue, expires=timeout_s)
        with allow_join_result():
            return answer_from_wire(command, sent.get(timeout=timeout_s))


def leftovers(prefix: str, data: Path) -> list[str]:
    """Traces of a lab on this machine: processes, namespaces, links, mounts."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(data) in words and ("lab.hostinit" in words or "qemu-system" in words):
                found.append(f"process {words}")
    for argv in (["ip", "netns", "list"], ["ip", "-br", "link"], ["cat", "/proc/self/mounts"]):
        listing = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        found += [line for line in listing.splitlines() if prefix in line or f"{data}/" in line]
    return found


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    problems = preflight()
    if problems:
        pytest.skip("; ".join(problems))
    data = tmp_path_factory.mktemp("lab")
    with private_valkey(data / "broker") as url:
        cloud = Lab(data, url)
        try:
            cloud.up("--hosts", "2")
            yield cloud
        finally:
            prefix = cloud.status["prefix"]
            cloud.run("down", "--purge")
        assert leftovers(prefix, data) == []
