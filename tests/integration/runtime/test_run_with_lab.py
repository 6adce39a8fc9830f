"""bin/run brings the lab up, keeps it up, and takes it down however it ends."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudstack.runtime import processes
from tests.integration.runtime.installation import REPO, Installation, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.xdist_group("run"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("lab") / "data", CLOUDSTACK_LAB="1")
    try:
        installation.start()
        yield installation
    finally:
        installation.destroy()
        subprocess.run([REPO / "bin" / "lab", "down", "--purge"], env=installation.environment, check=False)


def lab_status(installation: Installation) -> dict[str, Any]:
    answer = subprocess.run(
        [REPO / "bin" / "lab", "status", "--json"],
        env=installation.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def namespaces(prefix: str) -> list[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.startswith(prefix)]


def test_the_lab_is_up_when_it_says_ready(running: Installation) -> None:
    state = lab_status(running)
    assert state["state"] == "up" and len(state["hosts"]) == 2
    assert all(host["agent_pid"] for host in state["hosts"])


def test_a_killed_keeper_is_brought_back_and_the_lab_stays(running: Installation) -> None:
    wait_for(lambda: running.main_pid("lab"), 10, "the keeper runs")
    before = running.main_pid("lab")
    assert before
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: (running.main_pid("lab") or before) != before, 20, "the keeper is back")
    wait_for(lambda: lab_status(running)["state"] == "up", 30, "the lab is up")


def test_stopping_takes_the_lab_down(running: Installation) -> None:
    prefix = lab_status(running)["prefix"]
    assert namespaces(prefix)
    assert running.stop() < 15
    assert lab_status(running)["state"] == "down"
    assert namespaces(prefix) == []
    assert processes.marked(running.data) == [] and naming(running.data) == []


def test_killing_the_launcher_takes_the_lab_down_too(running: Installation) -> None:
    running.start()
    prefix = lab_status(running)["prefix"]
    running.launcher.kill()
    running.launcher.wait()
    wait_for(lambda: processes.marked(running.data) == [], 25, "every process is gone")
    wait_for(lambda: namespaces(prefix) == [], 15, "every namespace is gone")
    wait_for(lambda: naming(running.data) == [], 10, "no process names the data folder")


def naming(data: Path) -> list[str]:
    """Command lines that name the folder: libvirtd, QEMU, dnsmasq, agents."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            line = processes.name_of(int(entry.name))
            if str(data) in line:
                lines.append(line)
    return lines
