"""The state machine: a transition is one UPDATE on the old state (compare and swap).

``states.py`` of an app holds the choices and the table ``{(old, event): new}`` as data. Each change
writes an event in the same transaction through ``on_change``, so that no door can forget it.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

from django.db import models, transaction

from cloudstack.framework.errors import InvalidTransition, StaleState
from cloudstack.framework.rows import update_where
from cloudstack.framework.transactions import joined

OnChange = Callable[[models.Model, str, str], None]


class StateMachine:
    """Fires events of one field of one model.

    ``transitional`` names the states that a live job must own; the engine's tests hold the workflows to it.
    """

    def __init__(
        self,
        table: Mapping[tuple[Hashable, str], str],
        *,
        field: str = "state",
        transitional: Collection[str] = (),
        on_change: OnChange | None = None,
    ):
        self.table = dict(table)
        self.field = field
        self.transitional = frozenset(transitional)
        self.on_change = on_change

    def can(self, obj: models.Model, event: str) -> bool:
        return (getattr(obj, self.field), event) in self.table

    def sources(self, event: str) -> list[str]:
        """States in which ``event`` is allowed."""
        return [str(old) for (old, name) in self.table if name == event]

    def ensure(self, obj: models.Model, event: str) -> str:
        """The state after ``event``, which is not fired. Raises ``InvalidTransition`` where it is not allowed."""
        old = getattr(obj, self.field)
        new = self.table.get((old, event))
        if new is None:
            allowed = ", ".join(self.sources(event)) or "no state"
            kind = type(obj)._meta.verbose_name
            raise InvalidTransition(f"{kind} {obj} is {old}; {event} needs {allowed}")
        return new

    def fire(self, obj: models.Model, event: str, **changes: Any) -> None:
        """Move ``obj`` along ``event`` and write ``changes`` with it.

        Raises ``InvalidTransition`` when the table does not know the event in this state and
        ``StaleState`` when the row is no longer in the state that the caller has seen.
        """
        old = getattr(obj, self.field)
        new = self.ensure(obj, event)
        fields = {self.field: new, **changes}
        with joined():
            rows = update_where(type(obj), {"pk": obj.pk, self.field: old}, fields)
            if rows != 1:
                raise StaleState(f"{type(obj)._meta.verbose_name} {obj} is no longer {old}; read it again")
            # Raw columns: asking for a relation would read its row.
            columns = [obj._meta.get_field(name).attname for name in fields]  # type: ignore[union-attr]
            before = {column: vars(obj).get(column) for column in columns}
            _set(obj, fields)
            if self.on_change and old != new:
                try:
                    self.on_change(obj, str(old), str(new))
                except BaseException:
                    _set(obj, before)
                    # Even if somebody catches this: a change that nobody was told of is not committed.
                    transaction.set_rollback(True)
                    raise


def _set(obj: models.Model, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(obj, name, value)
