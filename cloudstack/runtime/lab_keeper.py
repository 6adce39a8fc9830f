"""Keeps the lab up as a supervised process: up at its start, repaired while it runs, down at SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from cloudstack.runtime import config as runtime_config
from cloudstack.runtime.config import REPO, RunConfig

_LOOK_SECONDS = 20.0
_FAILURE_PAUSE_SECONDS = 60.0
_DOWN_SECONDS = 11.0


def lab_command(*arguments: str) -> list[str]:
    return [str(REPO / "bin" / "lab"), *arguments]


def lab_environment() -> dict[str, str]:
    """The lab's processes end with ``bin/lab down``, so they do not carry the marker of supervised ones."""
    return {name: value for name, value in os.environ.items() if name != runtime_config.MARKER}


class Keeper:
    """The loop. ``stop`` may be called from a signal handler."""

    def __init__(self, config: RunConfig):
        self.config = config
        self.stopping = threading.Event()

    def stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def run(self) -> int:
        """Returns when asked to stop, with the lab down."""
        try:
            while not self.stopping.is_set():
                healthy = self._is_up() or self._up()
                self.stopping.wait(_LOOK_SECONDS if healthy else _FAILURE_PAUSE_SECONDS)
        finally:
            self._down()
        return 0

    def _is_up(self) -> bool:
        if self._read() != "up":
            return False
        answer = self._lab("status", "--json", timeout=30, quiet=True)
        try:
            return answer is not None and json.loads(answer.stdout)["state"] == "up"
        except (ValueError, KeyError):
            return False

    def _up(self) -> bool:
        begun = time.monotonic()
        answer = self._lab("up", timeout=150)
        good = answer is not None and answer.returncode == 0
        self._write("up" if good else "failed")
        _say(f"lab is {'up' if good else 'not up'} after {time.monotonic() - begun:.1f} s")
        return good

    def _down(self) -> None:
        self._write("down")
        self._lab("down", timeout=_DOWN_SECONDS)

    def _lab(self, *arguments: str, timeout: float, quiet: bool = False) -> "subprocess.CompletedProcess[str] | None":
        output = subprocess.PIPE if quiet else None
        try:
            return subprocess.run(
                lab_command(*arguments), env=lab_environment(), timeout=timeout, text=True, check=False, stdout=output
            )
        except subprocess.TimeoutExpired:
            _say(f"bin/lab {arguments[0]} did not finish in {timeout:.0f} s")
            return None

    def _read(self) -> str:
        try:
            return self.config.lab_state_file.read_text().strip()
        except FileNotFoundError:
            return ""

    def _write(self, state: str) -> None:
        scratch = Path(f"{self.config.lab_state_file}.new")
        scratch.write_text(state + "\n")
        scratch.replace(self.config.lab_state_file)


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    keeper = Keeper(runtime_config.from_environment())
    keeper.config.lab_state_file.unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, keeper.stop)
    signal.signal(signal.SIGINT, keeper.stop)
    sys.exit(keeper.run())
