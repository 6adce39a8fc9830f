"""bin/bootstrap, as far as it can be tried without touching the machine: what it says and that it is quick."""

import os
import subprocess
import time
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent.parent.parent


def bootstrap(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [REPO / "bin" / "bootstrap", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def stub(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def stubs(tmp_path: Path) -> dict[str, str]:
    """A PATH on which nobody is root and no package is installed."""
    stub(tmp_path, "id", "echo 1000")
    stub(tmp_path, "dpkg-query", "exit 1")
    stub(tmp_path, "apt-get", "echo called >&2; exit 99")
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


def test_with_nothing_to_do_it_is_quick_and_silent() -> None:
    times = []
    for _ in range(3):
        begun = time.monotonic()
        answer = bootstrap("--dev", "--quiet", "--no-system")
        times.append(time.monotonic() - begun)
        assert (answer.returncode, answer.stdout) == (0, ""), answer.stderr
    assert min(times) < 1, times


def test_two_at_once_wait_for_each_other() -> None:
    both = [
        subprocess.Popen([REPO / "bin" / "bootstrap", "--dev", "--quiet", "--no-system"], stdout=subprocess.DEVNULL)
        for _ in range(4)
    ]
    assert [process.wait(60) for process in both] == [0, 0, 0, 0]


def test_without_root_it_says_what_it_leaves_out(stubs: dict[str, str]) -> None:
    answer = bootstrap("--dev", "--quiet", **stubs)
    assert answer.returncode == 0, answer.stderr
    assert "not root" in answer.stderr and "libvirt-daemon" in answer.stderr and "postgresql" in answer.stderr
    assert "called" not in answer.stderr


def test_the_lab_can_be_left_out(stubs: dict[str, str]) -> None:
    answer = bootstrap("--dev", "--quiet", CLOUDSTACK_LAB="0", **stubs)
    assert "libvirt-dev" in answer.stderr and "qemu-system-x86" not in answer.stderr


def test_a_python_that_does_not_fit_is_named(tmp_path: Path) -> None:
    stub(tmp_path, "python2", "exit 1")
    answer = bootstrap("--no-system", PYTHON=str(tmp_path / "python2"))
    assert answer.returncode == 1 and "is not a Python 3.11, 3.12 or 3.13" in answer.stderr
    assert (REPO / ".venv" / "stamp").exists()


def test_an_unknown_option_is_refused_with_the_usage() -> None:
    answer = bootstrap("--fast")
    assert answer.returncode == 2 and "--fast" in answer.stderr and "Usage" in answer.stderr


def test_every_pin_is_exact() -> None:
    for name in ("core", "plugins", "dev", "kvm"):
        lines = (REPO / "requirements" / f"{name}.txt").read_text().splitlines()
        pins = [line for line in lines if line and not line.startswith("#")]
        assert pins and [line for line in pins if "==" not in line] == [], name
