"""The state machine: one UPDATE on the state that the caller has seen."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from cloudstack.framework.errors import InvalidTransition, StaleState
from cloudstack.framework.fsm import StateMachine
from cloudstack.framework.scheduler.models import ScheduledRun

pytestmark = pytest.mark.django_db

TABLE = {
    ("closed", "open"): "ajar",
    ("ajar", "open"): "wide",
    ("ajar", "close"): "closed",
    ("wide", "close"): "closed",
    ("wide", "look"): "wide",
}


def door(state: str = "closed") -> ScheduledRun:
    """Any model with a text column is a door to the machine."""
    return ScheduledRun.objects.create(name="front door", error=state)


def machine(on_change: Callable[..., Any] | None = None) -> StateMachine:
    return StateMachine(TABLE, field="error", transitional={"ajar"}, on_change=on_change)


def stored() -> str:
    return ScheduledRun.objects.get().error


def test_an_event_moves_row_and_object_and_writes_what_goes_with_it() -> None:
    one = door()
    machine().fire(one, "open", runs=7)
    assert (one.error, one.runs) == ("ajar", 7)
    one.refresh_from_db()
    assert (one.error, one.runs) == ("ajar", 7)


def test_expressions_are_computed_by_the_database() -> None:
    one = door()
    machine().fire(one, "open", runs=F("runs") + 2)
    one.refresh_from_db()
    assert one.runs == 2


def test_an_event_that_the_table_does_not_know_says_what_would_be_right() -> None:
    one = door()
    with pytest.raises(InvalidTransition) as refused:
        machine().fire(one, "close")
    assert str(refused.value) == "scheduled run front door is closed; close needs ajar, wide"
    assert refused.value.code == 431
    assert (one.error, stored()) == ("closed", "closed")


def test_an_event_that_nobody_knows() -> None:
    with pytest.raises(InvalidTransition, match="paint needs no state"):
        machine().fire(door(), "paint")


def test_somebody_was_faster() -> None:
    one = door()
    other = ScheduledRun.objects.get()
    machine().fire(other, "open")
    machine().fire(other, "open")
    with pytest.raises(StaleState, match="scheduled run front door is no longer closed; read it again") as refused:
        machine().fire(one, "open", runs=9)
    assert refused.value.code == 536
    assert (one.error, one.runs, stored()) == ("closed", 0, "wide")


def test_each_change_is_told_in_its_transaction() -> None:
    told: list[Any] = []
    one = door()
    fsm = machine(lambda obj, old, new: told.append((obj.error, old, new, stored())))
    fsm.fire(one, "open")
    fsm.fire(one, "open")
    fsm.fire(one, "look")
    assert told == [("ajar", "closed", "ajar", "ajar"), ("wide", "ajar", "wide", "wide")]


@pytest.mark.parametrize("caught", [False, True])
def test_a_change_that_cannot_be_told_does_not_happen(caught: bool) -> None:
    """Nor does anything else of its transaction, even when somebody catches the error inside."""

    def fail(*_: Any) -> None:
        raise RuntimeError("no ink")

    one = door()

    def act() -> None:
        with transaction.atomic():
            ScheduledRun.objects.create(name="back door")
            with contextlib.suppress(RuntimeError if caught else StaleState):
                machine(fail).fire(one, "open", runs=3)

    with contextlib.suppress(RuntimeError):
        act()
    assert (one.error, one.runs, stored()) == ("closed", 0, "closed")


def test_what_can_be_asked() -> None:
    fsm = machine()
    one = door("ajar")
    assert fsm.can(one, "close") and not fsm.can(one, "look")
    assert fsm.sources("open") == ["closed", "ajar"]
    assert fsm.transitional == {"ajar"}
