"""What all conformance suites have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest


class Conformance:
    """Base of the suites, one for each interface of drivers: subclass the suite, override its ``make_…`` methods."""

    cannot_be_shown: ClassVar[Mapping[str, str]] = {}
    """Test to the reason why the system under the driver cannot show it. A weakness of the driver is none."""

    @pytest.fixture(autouse=True)
    def _leave_out_what_cannot_be_shown(self, request: pytest.FixtureRequest) -> None:
        unknown = [name for name in self.cannot_be_shown if not hasattr(self, name)]
        assert not unknown, f"the suite has no test {unknown}"
        if reason := self.cannot_be_shown.get(request.node.originalname):
            pytest.skip(reason)


def able(driver: Any, ability: Any) -> Any:
    """The driver as one that has ``ability``; the test is skipped when it has not."""
    if not isinstance(driver, ability):
        pytest.skip(f"{type(driver).__name__} has not {ability.__name__}")
    return driver
