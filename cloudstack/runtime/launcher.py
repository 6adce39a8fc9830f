"""``bin/run``: one installation in the foreground, from nothing to READY and back to nothing."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO

from cloudstack.runtime import lab_keeper, processes, programs
from cloudstack.runtime.config import LAUNCHER_VARIABLE, ConfigError, RunConfig
from cloudstack.runtime.folders import make_private
from cloudstack.runtime.secrets import load_or_create, named_secret
from cloudstack.runtime.supervisor import ProcessFacts, Supervisor
from cloudstack.runtime.tether import PARENT_VARIABLE, tether_command

_PREPARE_SECONDS = 600.0
_READY_SECONDS = 180.0
_STOP_SECONDS = 25.0
_LOOK_SECONDS = 2.0
_FATAL_PAUSE_SECONDS = 15.0


class StartError(Exception):
    """The installation cannot start; the message says why and what would help."""


class _Stop(BaseException):
    """Raised by the signal handler wherever the launcher is."""


def run(config: RunConfig) -> int:
    """Run until a signal asks to stop; returns the exit status. Raises :class:`StartError`."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _raise_stop)
    try:
        with _only_one(config):
            launcher = Launcher(config)
            try:
                launcher.start()
                launcher.watch()
            finally:
                # A second Ctrl-C must not interrupt the cleaning.
                for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(signum, signal.SIG_IGN)
                launcher.stop()
    except _Stop:
        return 0
    return 1


def _raise_stop(signum: int, frame: FrameType | None) -> None:
    raise _Stop


@contextmanager
def _only_one(config: RunConfig) -> Iterator[None]:
    """Hold the lock of the data folder. The kernel frees it with the process, however that ends."""
    config.run_dir.mkdir(parents=True, exist_ok=True)
    config.run_dir.chmod(0o700)
    lock = config.run_dir / "lock"
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise StartError(
                f"another bin/run (pid {file.read().strip() or 'unknown'}) works on {config.data}; "
                "stop it, or give this one a folder of its own in CLOUDSTACK_DATA"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


class Launcher:
    """The steps of a start, the watch, the stop."""

    def __init__(self, config: RunConfig):
        self.config = config
        self.begun = time.monotonic()
        self.supervisor: Supervisor | None = None
        self.helpers: list[subprocess.Popen[str]] = []
        self.lab = False
        self.seen: dict[str, int] = {}
        self.fatal_since: dict[str, float] = {}
        self.ready = False

    def say(self, words: str) -> None:
        # Whoever reads this may be gone; the installation still has to be stopped in order.
        with suppress(OSError):
            print(f"[{time.monotonic() - self.begun:5.1f} s] {words}", flush=True)

    def start(self) -> None:
        """From nothing to READY."""
        config = self.config
        # The last thread of a killed web process may hold the port a moment longer than the process is seen.
        patience_s = 10.0 if self._clean_leftovers() else 0.0
        self._check_port(patience_s=patience_s)
        config.log_dir.mkdir(parents=True, exist_ok=True)
        config.log_dir.chmod(0o700)
        if config.socket_dir != config.run_dir:
            make_private(config.socket_dir)
        config.lab_state_file.unlink(missing_ok=True)
        load_or_create(config.data)
        self.lab = self._lab_wanted()
        environment = config.child_environment(lab=self.lab) | {LAUNCHER_VARIABLE: str(os.getpid())}
        flower_port = self._flower_port(patience_s=patience_s)
        listed = programs.programs(
            config,
            lab=self.lab,
            flower_port=flower_port,
            flower_password=named_secret(config.data, "flower_password"),
        )
        self.supervisor = Supervisor(config, programs.supervisor_config(config, listed), environment)
        self.supervisor.start()
        self.say("supervisor started" + (", lab coming up" if self.lab else ""))
        self._prepare(environment)
        if self.lab and self._lab_state() == "failed":
            self.say(f"the lab did not come up, its keeper tries again; see {config.log_dir / 'lab.log'}")
        self.supervisor.start_group(programs.PORTAL_GROUP)
        self.say("starting " + ", ".join(program.name for program in listed if program.grouped))
        self._await_portal(environment)
        if flower_port:
            self.say(f"Flower: {config.url}{programs.FLOWER_PREFIX}/ (for root admins of the portal)")
        self.say(f"logs: {config.log_dir}; keys: {config.data / 'admin.env'}")
        self.seen = {program.name: program.pid for program in self.supervisor.processes()}
        self.ready = True
        print(f"READY {config.url}", flush=True)

    def watch(self) -> None:
        """Stay until a signal. supervisord brings programs back; this brings supervisord back and tells."""
        while True:
            time.sleep(_LOOK_SECONDS)
            supervisor = self._supervisor()
            if not supervisor.alive():
                self._revive(supervisor)
                continue
            try:
                for program in supervisor.processes():
                    self._look_at(supervisor, program)
            except OSError:
                continue

    def stop(self) -> None:
        """Stop all, and leave neither process nor socket."""
        begun = time.monotonic()
        if self.ready:
            self.say("stopping")
        for helper in self.helpers:
            if helper.poll() is None:
                helper.kill()
                helper.wait()
        if self.supervisor is not None:
            self.supervisor.stop(patience_s=_STOP_SECONDS)
        left = processes.end_marked(self.config.data, patience_s=1)
        if left:
            self.say(f"ended {len(left)} processes that had not stopped by themselves")
        if self.lab and self._lab_state() not in {"", "down"}:
            self._run_lab_down()
        if self.config.socket_dir != self.config.run_dir:
            shutil.rmtree(self.config.socket_dir, ignore_errors=True)
        self.config.valkey_socket.unlink(missing_ok=True)
        if self.ready:
            self.say(f"stopped in {time.monotonic() - begun:.1f} s")

    # ------------------------------------------------------------------ the steps

    def _clean_leftovers(self) -> bool:
        left = processes.end_marked(self.config.data, patience_s=15)
        if left:
            self.say(f"ended {len(left)} processes of an earlier run that was killed")
        return bool(left)

    def _check_port(self, *, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while problem := processes.port_problem(self.config.host, self.config.port):
            if time.monotonic() > deadline:
                raise StartError(f"{problem}; choose another with PORT (and HOST)")
            time.sleep(0.1)

    def _flower_port(self, *, patience_s: float) -> int:
        wanted = self.config.flower_port
        if wanted is None:
            return processes.free_port("127.0.0.1", 5555 if self.config.port != 5555 else 5556)
        deadline = time.monotonic() + patience_s
        while wanted and (problem := processes.port_problem("127.0.0.1", wanted)):
            if time.monotonic() > deadline:
                raise StartError(f"{problem}; choose another with FLOWER_PORT, or leave it unset")
            time.sleep(0.1)
        return wanted

    def _lab_wanted(self) -> bool:
        if self.config.lab == "0":
            return False
        if self.config.lab == "auto" and os.geteuid() != 0:
            self.say("not root: zone lab with real hosts is left out")
            return False
        command = lab_keeper.lab_command("check")
        answer = subprocess.run(command, env=self._lab_environment(), capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            return True
        reasons = "; ".join(answer.stderr.strip().splitlines()) or f"bin/lab check ended with {answer.returncode}"
        if self.config.lab == "1":
            raise StartError(f"CLOUDSTACK_LAB=1, but {reasons}")
        self.say(f"no lab on this machine: {reasons}")
        return False

    def _lab_environment(self) -> dict[str, str]:
        return lab_keeper.lab_environment() | {"CLOUDSTACK_DATA": str(self.config.data)}

    def _lab_state(self) -> str:
        """What the keeper wrote last; empty before its first word."""
        try:
            return self.config.lab_state_file.read_text().strip()
        except FileNotFoundError:
            return ""

    def _run_lab_down(self) -> None:
        try:
            subprocess.run(lab_keeper.lab_command("down"), env=self._lab_environment(), check=False, timeout=30)
        except subprocess.TimeoutExpired:
            self.say("bin/lab down did not finish in 30 s; run it again by hand")

    def _prepare(self, environment: dict[str, str]) -> None:
        arguments = ["--await-lab", str(self.config.lab_state_file)] if self.lab else []
        log = self.config.log_dir / "prepare.log"
        with log.open("w") as errors:
            prepare = self._helper("cloudstack.runtime.prepare", *arguments, environment=environment, errors=errors)
            if prepare.stdout is not None:
                with prepare.stdout as lines:
                    for line in lines:
                        self.say(line.rstrip())
            status = prepare.wait(_PREPARE_SECONDS)
        if status != 0:
            words = log.read_text().strip().splitlines()[-12:]
            raise StartError("\n".join([f"preparing the database failed ({log}):", *words]))

    def _helper(self, *module: str, environment: dict[str, str], errors: IO[str]) -> "subprocess.Popen[str]":
        """Start one of our modules beside the supervised programs; it ends with the launcher."""
        helper = subprocess.Popen(
            [*tether_command("SIGKILL"), sys.executable, "-m", *module],
            env=environment | {PARENT_VARIABLE: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        self.helpers.append(helper)
        return helper

    def _await_portal(self, environment: dict[str, str]) -> None:
        log = self.config.log_dir / "ping.log"
        with log.open("w") as errors:
            ping = self._helper("cloudstack.runtime.ping", str(_READY_SECONDS), environment=environment, errors=errors)
        deadline = time.monotonic() + _READY_SECONDS
        answer = "no answer"
        while (answer := self._health()) != "ok":
            if time.monotonic() > deadline:
                raise StartError(f"the portal is not healthy ({answer}); see {self.config.log_dir / 'web.log'}")
            time.sleep(0.1)
        self.say("portal answers")
        if ping.wait() != 0:
            raise StartError(f"{log.read_text().strip()}; see {self.config.log_dir / 'worker.log'}")
        self.say("worker answers")

    def _health(self) -> str:
        try:
            with urllib.request.urlopen(f"{self.config.url}/healthz", timeout=2) as answer:  # noqa: S310 - http only
                return "ok" if answer.status == 200 else f"HTTP {answer.status}"
        except urllib.error.HTTPError as error:
            return f"HTTP {error.code}"
        except OSError as error:
            return str(error)

    # ------------------------------------------------------------------ the watch

    def _supervisor(self) -> Supervisor:
        if self.supervisor is None:
            raise RuntimeError("the supervisor has not been started")
        return self.supervisor

    def _revive(self, supervisor: Supervisor) -> None:
        self.say("supervisord died: starting everything again")
        processes.end_marked(self.config.data, patience_s=12)
        supervisor.start()
        supervisor.start_group(programs.PORTAL_GROUP)

    def _look_at(self, supervisor: Supervisor, program: ProcessFacts) -> None:
        before = self.seen.get(program.name, 0)
        if program.pid and before and before != program.pid:
            self.say(f"{program.name} had died and is back (pid {program.pid})")
        if program.pid:
            self.seen[program.name] = program.pid
        if program.state != "FATAL":
            self.fatal_since.pop(program.name, None)
            return
        since = self.fatal_since.setdefault(program.name, time.monotonic())
        if time.monotonic() - since > _FATAL_PAUSE_SECONDS:
            del self.fatal_since[program.name]
            self.say(f"{program.name} fails again and again, see {self.config.log_dir / program.name}.log; trying anew")
            supervisor.start_program(program)


def main_run(config: RunConfig) -> int:
    """``run`` for the command line: errors become a sentence on standard error and exit status 1."""
    try:
        return run(config)
    except (StartError, ConfigError, PermissionError, RuntimeError) as error:
        print(f"bin/run: {error}", file=sys.stderr)
        return 1
