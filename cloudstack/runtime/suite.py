"""``bin/test``: every check and every test, phase by phase, with a count at the end.

Two lanes run beside each other: the tests of the lab and of the browser one after the other, because two labs at once
starve each other, and beside them, on what is left of the machine, everything else on all cores.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from cloudstack.runtime.config import MARKER, REPO
from cloudstack.runtime.plugin_choice import PATH_VARIABLE, STARTED_VARIABLE
from cloudstack.runtime.plugin_faults import RETRY_VARIABLE
from cloudstack.runtime.postgres import PostgresMissing, private_postgres
from cloudstack.runtime.test_environment import MIGRATED_VARIABLE, RUN_VARIABLE

_NO_TESTS_COLLECTED = 5
_FEW = 5
_ON_SQLITE, _ON_POSTGRESQL = "tests on SQLite", "tests on PostgreSQL"
# What an operator's shell may hold must not reach a test.
_FOREIGN = ["DATABASE_URL", "REDIS_URL", "CLOUDSTACK_DATA", "DJANGO_SETTINGS_MODULE", "PORT", "HOST", "HTTPS"]
_FOREIGN += [MARKER, RUN_VARIABLE, MIGRATED_VARIABLE, "CLOUDSTACK_LAB"]
_FOREIGN += ["CLOUDSTACK_SECRET_KEY", "CLOUDSTACK_ENCRYPTION_KEY"]
_FOREIGN += ["ALLOWED_HOSTS", "CLOUDSTACK_BROKER_URL", "CLOUDSTACK_PLUGINS_DISABLED", "PYTEST_ADDOPTS"]
_FOREIGN += [STARTED_VARIABLE, PATH_VARIABLE, RETRY_VARIABLE]

_USAGE = """\
Sets up and runs everything: ruff, import contracts, mypy, Django's deployment checks, missing migrations, the suite on
SQLite, every database test again on a private PostgreSQL, and the tests against the lab of real hosts (as root).

With arguments of pytest (paths, -k, -x…) only the tests they choose run, on SQLite, PostgreSQL and the lab as they ask.
"""


@dataclass
class Phase:
    """How one phase ended."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    skip_reasons: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    unstable: list[str] = field(default_factory=list)
    """What failed beside other tests and passed alone (``--again``)."""
    log: Path | None = None
    """Where it writes what it says, for a phase beside others; printed when it has ended."""


class Suite:
    """Runs the phases and remembers how they ended."""

    def __init__(self, *, quick: bool, pytest_arguments: list[str], folder: Path, again: bool = False):
        self.quick = quick
        self.again = again
        self.pytest_arguments = pytest_arguments
        self.folder = folder
        self.phases: list[Phase] = []
        self.children: list[subprocess.Popen[bytes]] = []
        self.environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        # All scratch files of all phases lie in one folder, which goes at the end.
        self.environment |= {"TMPDIR": str(folder), "PYTHONPATH": str(REPO)}
        self.environment[MIGRATED_VARIABLE] = str(folder / "migrated")

    def run(self) -> int:
        """Returns the exit status: 0 when nothing failed and something passed."""
        slow_lane = threading.Thread(target=self._slow_lane, daemon=True)
        slow_lane.start()
        if not self.pytest_arguments:
            self._checks()
        self._tests(_ON_SQLITE, "not postgres and not lab and not browser", parallel=True)
        self._postgres_tests()
        slow_lane.join()
        return self._summary()

    def _slow_lane(self) -> None:
        try:
            self._lab_tests()
            if any(REPO.glob("tests/browser/test_*.py")):
                self._tests("tests in a browser", "browser and not lab", parallel=False)
        except Exception as error:
            self.phases.append(Phase("the slow lane", failed=1, failures=[f"{type(error).__name__}: {error}"]))
            raise

    def interrupt(self, signum: int, frame: FrameType | None) -> None:
        """Signal handler: take the running phase down, then leave through the ordinary clean-up."""
        running = [child for child in self.children if child.poll() is None]
        for child in running:
            os.killpg(child.pid, signal.SIGINT)
        for child in running:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
        if self.phases:
            self.phases[-1].failed += 1
            self.phases[-1].failures.append(f"interrupted by {signal.Signals(signum).name}; what follows did not run")
            self._summary()
        raise SystemExit(128 + signum)

    # ------------------------------------------------------------------ phases

    def _checks(self) -> None:
        tools, manage = Path(sys.executable).parent, [sys.executable, "manage.py"]
        self._check("ruff", [str(tools / "ruff"), "check", "--no-cache", "."])
        self._check("import contracts", [str(tools / "lint-imports"), "--no-cache"])
        if not self.quick:
            self._check("mypy", [str(tools / "mypy"), "--cache-dir", str(self.folder / "mypy")])
        production = {
            "DJANGO_SETTINGS_MODULE": "cloudstack.settings.production",
            "CLOUDSTACK_DATA": str(self.folder / "deploy-check"),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "HTTPS": "1",
        }
        self._check("deployment check", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production)
        test = {"DJANGO_SETTINGS_MODULE": "cloudstack.settings.test"}
        self._check("missing migrations", [*manage, "makemigrations", "--check", "--dry-run"], test)

    def _check(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        phase = self._begin(name)
        status = self._execute(phase, command, environment or {})
        if status == 0:
            phase.passed = 1
        else:
            phase.failed = 1
            phase.failures.append(f"{' '.join(command[-3:])} ended with {status}")
        self._end(phase)

    def _tests(
        self, name: str, markers: str, *, parallel: bool, database_url: str = "", database_only: bool = False
    ) -> None:
        phase = self._begin(name, beside=not parallel)
        if self.quick:
            markers = f"({markers}) and not slow"
        report = self.folder / f"report-{name.replace(' ', '-')}.xml"
        arguments = ["-q", f"--junitxml={report}", "-o", "junit_family=xunit2", "-m", markers]
        if parallel:
            arguments += ["-n", str(max(2, min(os.cpu_count() or 2, 8))), "--dist", "loadgroup"]
        if database_only:
            arguments += ["--database-only"]
        environment = {"DATABASE_URL": database_url} if database_url else {}
        # Real guests have clocks that run: the other lane gives way to them.
        polite = ["nice", "-n", "5"] if parallel and shutil.which("nice") else []
        failed = self.folder / f"failed-{name.replace(' ', '-')}"
        command = [*polite, sys.executable, "-m", "pytest", f"--failed-to={failed}", *arguments]
        status = self._execute(phase, [*command, *self.pytest_arguments], environment)
        if report.is_file():
            _read_report(report, phase)
        if status not in {0, 1, _NO_TESTS_COLLECTED} or (status == 1 and not phase.failed):
            phase.failed += 1
            phase.failures.append(f"pytest ended with {status}")
        if self.again and status == 1 and failed.is_file():
            self._try_again(phase, failed.read_text().splitlines(), environment)
        self._end(phase)

    def _try_again(self, phase: Phase, names: list[str], environment: dict[str, str]) -> None:
        """Few that failed run once more, one after the other: beside others a clock may run out on a busy machine.

        They are named in the summary, and only when every one of them passes does none count as failed.
        """
        if len(names) > _FEW:
            return
        if self._execute(phase, [sys.executable, "-m", "pytest", "-q", *names], environment) == 0:
            phase.unstable, phase.failures = phase.failures, []
            phase.passed, phase.failed = phase.passed + phase.failed, 0

    def _postgres_tests(self) -> None:
        with ExitStack() as stack:
            try:
                url = stack.enter_context(private_postgres(self.folder / "postgres"))
            except PostgresMissing as missing:
                self._skip(_ON_POSTGRESQL, str(missing))
                return
            markers = "postgres" if self.quick else "not lab and not browser"
            self._tests(_ON_POSTGRESQL, markers, parallel=True, database_url=url, database_only=True)

    def _lab_tests(self) -> None:
        answer = subprocess.run(
            [REPO / "bin" / "lab", "check"], env=self.environment, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            self._skip("tests in the lab", "; ".join(answer.stderr.strip().splitlines()))
            return
        self._tests("tests in the lab", "lab", parallel=False)

    def _skip(self, name: str, reason: str) -> None:
        phase = self._begin(name)
        phase.skipped = 1
        phase.skip_reasons[f"{name}: {reason}"] += 1
        self._end(phase)

    # ------------------------------------------------------------------ around them

    def _begin(self, name: str, *, beside: bool = False) -> Phase:
        phase = Phase(name, seconds=time.monotonic())
        if beside:
            phase.log = self.folder / f"{name.replace(' ', '-')}.log"
        print(f"\n=== {name}{' (beside the others)' if beside else ''}", flush=True)
        self.phases.append(phase)
        return phase

    def _end(self, phase: Phase) -> None:
        phase.seconds = time.monotonic() - phase.seconds
        if phase.log is not None and phase.log.is_file():
            print(f"\n=== what {phase.name} said\n{phase.log.read_text(errors='replace')}", end="")
        print(f"--- {phase.name}: {'FAILED' if phase.failed else 'ok'}, {phase.seconds:.1f} s", flush=True)

    def _execute(self, phase: Phase, command: list[str], environment: dict[str, str]) -> int:
        with phase.log.open("ab") if phase.log else nullcontext() as output:
            child = subprocess.Popen(
                command,
                cwd=REPO,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if phase.log else None,
                start_new_session=True,
            )
            self.children.append(child)
            return child.wait()

    def _summary(self) -> int:
        print("\n=== summary")
        width = max(len(phase.name) for phase in self.phases)
        for phase in self.phases:
            print(
                f"{phase.name:<{width}}  {phase.passed:>5} passed {phase.failed:>4} failed {phase.skipped:>4} skipped"
                f"  {phase.seconds:7.1f} s"
            )
        reasons: Counter[str] = sum((phase.skip_reasons for phase in self.phases), Counter())
        if reasons:
            print("\nSkipped because:")
            for reason, count in reasons.most_common():
                print(f"{count:>5} x {reason}")
        names = {phase.name: phase.names for phase in self.phases}
        if names.get(_ON_POSTGRESQL) and not self.quick:
            left = len(names.get(_ON_SQLITE, set()) - names[_ON_POSTGRESQL])
            print(f"\nNot repeated on PostgreSQL: {left}, which touch no database")
        if any(phase.unstable for phase in self.phases):
            print("\nUnstable: failed beside others, passed alone:")
            for phase in self.phases:
                for name in phase.unstable:
                    print(f"  {phase.name}: {name}")
        if any(phase.failures for phase in self.phases):
            print("\nFailed:")
            for phase in self.phases:
                for failure in phase.failures:
                    print(f"  {phase.name}: {failure}")
        passed = sum(phase.passed for phase in self.phases)
        failed = sum(phase.failed for phase in self.phases)
        skipped = sum(phase.skipped for phase in self.phases)
        print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
        return 0 if passed and not failed else 1


def _read_report(report: Path, phase: Phase) -> None:
    """Count the cases of a JUnit report that pytest wrote a moment ago."""
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - our own file
        name = f"{case.get('classname')}::{case.get('name')}"
        phase.names.add(name)
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            phase.failed += 1
            phase.failures.append(name)
        elif skip is not None:
            phase.skipped += 1
            phase.skip_reasons[skip.get("message") or "no reason given"] += 1
        else:
            phase.passed += 1


def main(arguments: list[str] | None = None) -> int:
    usage = "bin/test [--quick] [--again] [pytest arguments]"
    parser = argparse.ArgumentParser(prog="bin/test", description=_USAGE, usage=usage)
    parser.add_argument("--quick", action="store_true", help="no slow tests, no mypy, on PostgreSQL only what needs it")
    parser.add_argument(
        "--again",
        action="store_true",
        help=f"up to {_FEW} failed tests of a phase run once more alone; those that pass then are named as unstable",
    )
    options, rest = parser.parse_known_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="cs-"))
    suite = Suite(quick=options.quick, pytest_arguments=rest, folder=folder, again=options.again)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, suite.interrupt)
    try:
        return suite.run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
