"""What a section of a step is, and what it works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from apps.accounts.admin.panels import Panel
from apps.infrastructure.models import Zone
from apps.portal.models import ZoneSetup
from apps.portal.pages.zone_setup.forms import SectionForm
from cloudstack.api import authentication, registry
from cloudstack.api.dispatcher import Result, dispatch
from cloudstack.framework.context import Caller, calling


@dataclass
class Work:
    """One set-up in the hands of one operator."""

    caller: Caller
    setup: ZoneSetup
    zone: Zone | None = None
    """None until the first step has made it. With what it has: see ``with_progress``."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What the address of the page asks for, such as the host to mend."""

    @property
    def made_zone(self) -> Zone:
        """The zone, on steps that come after the first."""
        if self.zone is None:
            raise LookupError("the set-up has no zone yet")
        return self.zone

    def call(self, command: str, **params: Any) -> Result:
        """Call a command of the API. Raises ``CloudError``."""
        sent = {name: value for name, value in params.items() if value not in (None, "")}
        with calling(self.caller):
            return dispatch(command, sent, self.caller, door="admin")

    def allowed(self, command: str) -> bool:
        return authentication.is_allowed(self.caller, registry.get(command))


@dataclass(frozen=True, kw_only=True)
class Section:
    """A form of a step. ``make`` calls commands with what was filled in and answers the object that they made."""

    key: str
    title: str
    button: str
    command: str
    """The command that the section is about; who may not call it is told so instead of getting the button."""
    form: Callable[[Work], type[SectionForm]]
    make: Callable[[Work, SectionForm], Model]
    intro: str = ""
    further: tuple[str, ...] = ()
    """Other commands that ``make`` calls."""
    once: bool = True
    """Whether the same asked for again is the same thing, not another one."""
    refusal: Callable[[Work], str] | None = None
    """Why the section cannot be used now; empty when it can."""
    when: Callable[[Work], bool] | None = None
    """Whether the page shows the section at all."""
    stays: bool = True
    """Whether the operator stays on the page afterwards, to see how it goes or to add another."""

    def refused(self, work: Work) -> str:
        """Why the button of the section is disabled; empty when it is not."""
        for command in (self.command, *self.further):
            if not work.allowed(command):
                return f"your role does not admit {command}"
        return self.refusal(work) if self.refusal is not None else ""


@dataclass(frozen=True)
class Card:
    """One object with all that is known of it: for what has more facts than a row of a table has room."""

    title: Any
    state: Any
    says: Any
    facts: list[tuple[str, Any]]


@dataclass(frozen=True)
class Shown:
    """What there is of a step: tables or cards, and whether a job is still at something in them."""

    panels: list[Panel] = field(default_factory=list)
    is_live: bool = False
    cards: list[Card] = field(default_factory=list)


def uuid_of(result: Result) -> str:
    """UUID of the object that a command answered, whatever the shape of the answer."""
    if result.rows:
        return str(result.rows[0]["id"])
    body = result.body if "id" in result.body else next(iter(result.body.values()))
    return str(body["id"])
