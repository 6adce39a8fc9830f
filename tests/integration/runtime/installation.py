"""A whole installation under test: bin/run as an operator starts it."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from cs import CloudStack

from cloudstack.runtime import processes
from cloudstack.runtime.config import MARKER, RunConfig, from_environment
from cloudstack.runtime.redis_urls import broker_url
from cloudstack.runtime.test_environment import RUN_VARIABLE

REPO = Path(__file__).resolve().parent.parent.parent.parent
NOT_FOR_CHILDREN = {MARKER, RUN_VARIABLE, "DJANGO_SETTINGS_MODULE", "REDIS_URL", "DATABASE_URL", "CLOUDSTACK_DATA"}
# What tells the main process of each program by its command line.
SIGNS = {
    "valkey": ["valkey-server"],
    "web": ["gunicorn"],
    "worker": ["celery", " worker "],
    "beat": ["celery", " beat "],
    "flower": ["celery", " flower "],
    "watcher": ["watch_hypervisors"],
    "lab": ["lab_keeper"],
    "supervisord": ["supervisor.supervisord"],
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], object], seconds: float, words: str) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"{words}: not in {seconds} s"
        time.sleep(0.1)


class Installation:
    """bin/run with a data folder of its own; output is kept in ``output``."""

    def __init__(self, data: Path, **environment: str):
        self.data = data.resolve()
        self.port = free_port()
        self.flower_port = free_port()
        self.environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
        self.environment |= {
            "CLOUDSTACK_DATA": str(data),
            "CLOUDSTACK_LAB": "0",
            "PORT": str(self.port),
            "FLOWER_PORT": str(self.flower_port),
        }
        self.environment |= environment
        self.output = data.parent / f"{data.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def launcher(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None
        return self.process

    def text(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def begin(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [REPO / "bin" / "run"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # As a terminal would have it: the whole foreground group gets Ctrl-C.
                start_new_session=True,
            )

    def start(self, seconds: float = 240) -> float:
        """Start and wait for READY; answers how many seconds that took."""
        begun = time.monotonic()
        self.begin()
        self.await_ready(seconds)
        return time.monotonic() - begun

    def await_ready(self, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while f"READY {self.url}\n" not in self.text():
            assert self.launcher.poll() is None, f"bin/run ended with {self.launcher.returncode}: {self.text()}"
            assert time.monotonic() < deadline, f"not READY in {seconds} s: {self.text()}"
            time.sleep(0.1)

    def refused(self, seconds: float = 30) -> str:
        """Start what must not start; answers what it said."""
        self.begin()
        assert self.launcher.wait(seconds) == 1, self.text()
        return self.text()

    def pids(self, program: str) -> list[int]:
        """Every process of ``program`` in this installation, forked ones too."""
        found = []
        for pid in processes.marked(self.data):
            words = f"{command_line(pid)} "
            if all(sign in words for sign in SIGNS[program]):
                found.append(pid)
        return found

    def main_pid(self, program: str) -> int | None:
        """The process of ``program`` whose parent is the supervisor."""
        supervisors = set(self.pids("supervisord"))
        mine = [pid for pid in self.pids(program) if parent_of(pid) in supervisors]
        return mine[0] if len(mine) == 1 else None

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None and "READY" in self.text()

    def healthy(self) -> bool:
        return http_status(f"{self.url}/healthz") == 200

    def worker_answers(self) -> bool:
        answer = subprocess.run(
            [REPO / ".venv/bin/python", "-m", "cloudstack.runtime.ping", "1"],
            cwd=REPO,
            env=self.environment | {"CLOUDSTACK_BROKER_URL": broker_url(self.config().effective_redis_url)},
            capture_output=True,
            check=False,
        )
        return answer.returncode == 0

    def client(self) -> CloudStack:
        """A client with the administrator's keys."""
        lines = (self.data / "admin.env").read_text().splitlines()
        values = dict(line.split("=", 1) for line in lines if "=" in line)
        return CloudStack(
            endpoint=values["CLOUDSTACK_ENDPOINT"], key=values["CLOUDSTACK_KEY"], secret=values["CLOUDSTACK_SECRET"]
        )

    def config(self) -> RunConfig:
        return from_environment(self.environment)

    def valkey_socket(self) -> Path:
        return self.config().valkey_socket

    def stop(self, signum: int = signal.SIGTERM, seconds: float = 40) -> float:
        """Ask it to stop; answers how many seconds it took. The exit status must be 0."""
        begun = time.monotonic()
        if self.launcher.poll() is None:
            os.killpg(self.launcher.pid, signum) if signum == signal.SIGINT else self.launcher.send_signal(signum)
        assert self.launcher.wait(seconds) == 0, self.text()
        return time.monotonic() - begun

    def destroy(self) -> None:
        """For teardown, whatever happened."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        processes.end_marked(self.data, patience_s=5)


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def http_status(url: str, user: str = "", password: str = "") -> int:
    """0 when nobody answers."""
    request = urllib.request.Request(url)
    if user:
        from base64 import b64encode

        request.add_header("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
