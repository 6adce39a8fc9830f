"""Optional abilities of drivers in conformance suites."""

from typing import Any

import pytest


def able(driver: Any, ability: Any) -> Any:
    """The driver as one that has ``ability``; the test is skipped when it has not."""
    if not isinstance(driver, ability):
        pytest.skip(f"{type(driver).__name__} has not {ability.__name__}")
    return driver
