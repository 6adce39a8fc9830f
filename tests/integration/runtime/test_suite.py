"""bin/test counts what happened, and fails when something failed."""

import os
import shutil
from pathlib import Path

import pytest

from cloudstack.runtime.config import REPO
from cloudstack.runtime.suite import Phase, Suite, _read_report

REPORT = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.a" name="test_good"/>
<testcase classname="tests.a" name="test_bad"><failure message="no"/></testcase>
<testcase classname="tests.a" name="test_broken"><error message="no"/></testcase>
<testcase classname="tests.a" name="test_left"><skipped message="needs root"/></testcase>
<testcase classname="tests.b" name="test_left"><skipped message="needs root"/></testcase>
</testsuite></testsuites>"""


def test_a_report_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    report.write_text(REPORT)
    phase = Phase("x")
    _read_report(report, phase)
    assert (phase.passed, phase.failed, phase.skipped) == (1, 2, 2)
    assert phase.skip_reasons == {"needs root": 2}
    assert phase.failures == ["tests.a::test_bad", "tests.a::test_broken"]


def suite(tmp_path: Path, *arguments: str) -> Suite:
    return Suite(quick=False, pytest_arguments=list(arguments), folder=tmp_path)


def test_the_last_line_is_the_sum_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tried = suite(tmp_path)
    tried.phases = [Phase("one", passed=3, skipped=1), Phase("two", passed=2)]
    tried.phases[0].skip_reasons["no hardware"] = 1
    assert tried._summary() == 0
    printed = capsys.readouterr().out
    assert printed.endswith("\n5 passed, 0 failed, 1 skipped\n") and "1 x no hardware" in printed


@pytest.mark.parametrize(
    "phases", [[Phase("one", passed=3, failed=1)], [Phase("one", skipped=3)]], ids=["a failure", "nothing ran"]
)
def test_a_failure_or_nothing_at_all_is_no_success(tmp_path: Path, phases: list[Phase]) -> None:
    tried = suite(tmp_path)
    tried.phases = phases
    assert tried._summary() == 1


def test_a_failing_check_counts_as_one_failure(tmp_path: Path) -> None:
    tried = suite(tmp_path)
    tried._check("good", ["true"])
    tried._check("bad", ["false"])
    assert [(phase.passed, phase.failed) for phase in tried.phases] == [(1, 0), (0, 1)]


def test_a_run_that_dies_before_its_report_counts_as_a_failure(tmp_path: Path) -> None:
    tried = suite(tmp_path, "--no-such-option-of-pytest")
    tried._tests("dies", "not lab", parallel=False)
    assert tried.phases[0].failed == 1 and "pytest ended with 4" in tried.phases[0].failures[0]


def test_the_operators_database_and_broker_do_not_reach_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://production/cloud")
    monkeypatch.setenv("REDIS_URL", "redis://production")
    environment = suite(tmp_path).environment
    assert "DATABASE_URL" not in environment and "REDIS_URL" not in environment


FLAKY = """
from pathlib import Path
import pytest

def test_good() -> None:
    pass

@pytest.mark.parametrize("one", ["a b", "c::d"])
def test_first_time_bad(one: str) -> None:
    mark = Path(__file__).with_name(one.replace(":", ""))
    try:
        assert {always} and mark.exists()
    finally:
        mark.touch()
"""


@pytest.mark.parametrize("always", [True, False], ids=["passes alone", "fails again"])
def test_what_failed_runs_once_more_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], always: bool
) -> None:
    # Below the repository, so that its configuration counts, and where no other test looks.
    folder = REPO / "var" / f"flaky-{os.getpid()}"
    folder.mkdir(parents=True)
    file = folder / "test_flaky.py"
    file.write_text(FLAKY.replace("{always}", str(always)))
    try:
        arguments = ["-p", "tests.conftest", str(file)]
        tried = Suite(quick=False, pytest_arguments=arguments, folder=tmp_path, again=True)
        tried._tests("flaky", "not lab", parallel=False)
        status = tried._summary()
    finally:
        shutil.rmtree(folder)
    printed = capsys.readouterr().out
    [phase] = tried.phases
    if always:
        assert (status, phase.passed, phase.failed, len(phase.unstable)) == (0, 3, 0, 2)
        assert "Unstable" in printed and "test_first_time_bad[a b]" in printed
    else:
        assert (status, phase.passed, phase.failed, phase.unstable) == (1, 1, 2, [])
