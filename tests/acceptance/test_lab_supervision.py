"""bin/run keeps the lab up, and takes it down however it ends."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cloudstack.runtime import processes
from tests.acceptance.lab_cloud import LabCloud
from tests.integration.runtime.installation import REPO, Installation, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("acceptance")]


@pytest.fixture
def running(cloud: LabCloud) -> Installation:
    return cloud.installation


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


def test_killing_the_launcher_takes_the_lab_down_too(running: Installation) -> None:
    """The last one: it leaves nothing for others. That stopping in order takes the lab down, a restart shows."""
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
