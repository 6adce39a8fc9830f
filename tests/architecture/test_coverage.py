"""Whatever CloudStack's API has and ours lacks is left out for a reason, and no reason outlives what it explains."""

import pytest

from apps.portal.reference import coverage

ITEMS = ("missing", "lacking_params", "lacking_fields")


@pytest.mark.parametrize("kind", ITEMS)
def test_what_is_left_out_has_a_reason(kind: str) -> None:
    """Failed? Build it, or say why not in apps/portal/reference/left_out/."""
    lacking = [item for group in coverage.groups() for item in getattr(group, kind).items()]
    assert lacking
    assert [name for name, reason in lacking if not reason] == []


def test_no_reason_explains_what_is_there() -> None:
    assert coverage.unused() == []


def test_a_reason_is_a_sentence() -> None:
    reasons = [reason for entries in coverage.reasons().values() for reason in entries.values()]
    assert [reason for reason in reasons if " " not in reason or not reason.endswith(".")] == []
