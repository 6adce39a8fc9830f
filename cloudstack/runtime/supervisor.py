"""supervisord as a child of this process: started, asked, stopped."""

import os
import signal
import subprocess
import sys
import time
import xmlrpc.client
from dataclasses import dataclass
from typing import Any

from cloudstack.runtime.config import REPO, RunConfig
from cloudstack.runtime.tether import PARENT_VARIABLE, tether_command

_START_SECONDS = 10.0


@dataclass(frozen=True)
class ProcessFacts:
    """What supervisord says about one program. ``state`` is its word: RUNNING, STARTING, BACKOFF, FATAL…"""

    name: str
    group: str
    state: str
    pid: int
    why: str


class Supervisor:
    """One supervisord. It is tied to this process: should this one be killed, it stops all in order."""

    def __init__(self, config: RunConfig, text: str, environment: dict[str, str]):
        self.config = config
        self.environment = environment
        self.config_file = config.run_dir / "supervisord.conf"
        self.config_file.unlink(missing_ok=True)
        descriptor = os.open(self.config_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start supervisord and wait until it answers. Call it from the main thread: the tether is tied to it."""
        self.config.supervisor_socket.unlink(missing_ok=True)
        arguments = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self.config_file)]
        with (self.config.log_dir / "supervisor-output.log").open("wb") as output:
            self.process = subprocess.Popen(
                [*tether_command("SIGTERM"), *arguments],
                cwd=REPO,
                env=self.environment | {PARENT_VARIABLE: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Its own session: Ctrl-C reaches the launcher alone, which then stops all in order.
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.call("getState")
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    words = (self.config.log_dir / "supervisor-output.log").read_text()[-500:]
                    raise RuntimeError(f"supervisord did not start: {words or error}") from None
                time.sleep(0.05)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def call(self, method: str, *arguments: Any) -> Any:
        """One remote call. Raises ``OSError`` when supervisord is away, ``xmlrpc.client.Fault`` when it refuses."""
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.config.supervisor_socket}")
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.ProtocolError as error:
            raise OSError(str(error)) from None
        finally:
            transport.close()

    def processes(self) -> list[ProcessFacts]:
        return [
            ProcessFacts(item["name"], item["group"], item["statename"], item["pid"], item["spawnerr"])
            for item in self.call("getAllProcessInfo")
        ]

    def start_group(self, group: str) -> None:
        """Start what of ``group`` does not run yet, without waiting."""
        for program in self.processes():
            if program.group == group and program.state in {"STOPPED", "EXITED", "FATAL"}:
                self.start_program(program)

    def start_program(self, program: ProcessFacts) -> None:
        try:
            self.call("startProcess", f"{program.group}:{program.name}", False)
        except xmlrpc.client.Fault as fault:
            # Started meanwhile by supervisord itself, or it failed at once and is retried: both are seen later.
            if fault.faultString.split(":")[0] not in {"ALREADY_STARTED", "SPAWN_ERROR", "ABNORMAL_TERMINATION"}:
                raise

    def stop(self, *, patience_s: float) -> None:
        """Stop all programs and supervisord; by force after ``patience_s`` seconds."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.config.supervisor_socket.unlink(missing_ok=True)
        self.config_file.unlink(missing_ok=True)
