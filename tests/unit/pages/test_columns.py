"""How values of the wire are shown to people."""

import pytest
from django.db import models

from cloudstack.pages.columns import NOTHING, Column, Kind, short_span


class Size(models.TextChoices):
    SMALL = "SMALL", "small"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.00002, "under 0.1 ms"),
        (0.00237, "2.4 ms"),
        (0.31, "310 ms"),
        (1.5, "1.5 s"),
        (200, "3 min 20 s"),
    ],
)
def test_short_spans(seconds: float, words: str) -> None:
    assert short_span(seconds) == words


def test_choices_stand_under_their_labels() -> None:
    size = Column(wire="size", label="Size", choices=Size)
    assert [size.shown({"size": value}) for value in ("SMALL", "HUGE", "", None)] == ["small", "HUGE", NOTHING, NOTHING]
    state = Column(wire="size", label="Size", choices=Size, kind=Kind.STATE)
    assert state.shown({"size": "SMALL"}) == '<span class="state off">small</span>'
    assert state.shown({"size": None}) == NOTHING
