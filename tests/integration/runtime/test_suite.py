"""bin/test counts what happened, and fails when something failed."""

from pathlib import Path

import pytest

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
