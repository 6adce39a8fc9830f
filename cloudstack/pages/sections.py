"""The declarations: what a section shows, and what it lets do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.functional import Promise

from cloudstack.pages.columns import Column, Row
from cloudstack.pages.options import Listed, Option

Text = str | Promise
OF = "(of)"
"""Key of a row of a panel, on which an operation is meant, that holds the object of the page; no answer has it."""
DANGEROUS = ("delete", "destroy", "expunge", "remove", "disassociate", "release")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A choice above a list: the parameter ``wire`` of the list's command."""

    wire: str
    label: Text
    options: Listed | Sequence[Option]


@dataclass(frozen=True, kw_only=True)
class Input:
    """A field of a form: the parameter ``wire`` of the command, in a user's words."""

    wire: str
    label: Text
    help: Text = ""
    options: Listed | Sequence[Option | Listed] | None = None
    """What there is to choose from, where it is a choice: things listed by a command, fixed ones, or both."""
    part: str = ""
    """The key that it fills, of a parameter that is a map."""
    pairs: bool = False
    """Whether a parameter that is a map is filled in as keys and values."""
    number: bool = False
    """Whether a part is a number."""
    sent: Callable[[str], str] | None = None
    """Makes what is sent out of what is typed."""
    first: bool = False
    """Whether the first option is chosen until another one is."""
    offered: Callable[[], bool] | None = None
    """Whether it is offered at all in this cloud; None: it is."""
    nothing: Text = ""
    """What is said when there is nothing to choose."""
    cards: bool = False
    """Whether the options are laid out to be compared, not folded into a menu."""
    several: bool = False
    """Whether more than one option may be chosen."""
    required: bool | None = None
    """Whether it has to be filled in; None: as the command says."""
    initial: Any = None
    """What stands there at first; a callable gets the row of the object."""
    advanced: bool = False
    """Whether it is folded away at first."""
    group: Text = ""
    """Title under which it stands together with others."""
    rows: int = 0
    """Lines of a long text; 0: a line."""
    placeholder: Text = ""
    unset: Text = ""
    """What an optional choice says of choosing nothing."""
    reloads: Text = ""
    """What the button says that has other fields offer what goes with this one; scripts press it by themselves."""
    unit: Text = ""

    @property
    def name(self) -> str:
        """Its name in the form, unique there."""
        return f"{self.wire}.{self.part}" if self.part else self.wire


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A command that is offered: on an object (``parameter`` takes its UUID), or on a section to make a new one.

    ``params`` makes the parameters from the row where the UUID alone does not name the object. ``suits`` says whether
    it is shown for a row at all; whether it is possible, and why not, the command itself says.
    """

    command: str
    label: Text
    icon: str = ""
    help: Text = ""
    parameter: str = "id"
    params: Callable[[Row], Mapping[str, Any]] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[Input] = ()
    suits: Callable[[Row], bool] | None = None
    danger: bool | None = None
    """Whether it asks before, with what would happen; None: as the command's name says."""
    types_name: bool = False
    """Whether the object's name is typed before."""
    bulk: bool = False
    """Whether it is offered for several rows of the list."""
    main: bool = False
    """Whether it stands out among the others."""
    shows_once: bool = False
    """Whether its answer is shown on a page of its own, because it holds what is never told again."""
    once: Mapping[str, Text] = field(default_factory=dict)
    """With ``shows_once``: the fields of the answer that are shown, and what they are called; empty: all."""
    answer_template: str = ""
    """Template of the page that shows the answer, where that is no ordinary end; also for ``shows_once``."""
    answer_context: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """What that template gets, made from the answer."""
    done: Text = ""
    """What is said when it has been done; empty: the label with what became of it."""
    template: str = ""
    """Template of its form where the usual one does not do."""
    folded: bool = False
    """Whether it stands behind "More" with others that are rarely wanted."""
    changes_only: bool = False
    """Whether only what was changed in its form is sent, and what was emptied as an empty text."""
    follows: bool = False
    """Whether one is led to its job, whose end tells something."""
    rehearse: Callable[[Row], Mapping[str, Any]] | None = None
    """Stands for what will be filled in, when it is rehearsed whether it is possible at all."""
    address: str = ""
    """Its name in addresses where the section has several of the command."""

    @property
    def key(self) -> str:
        """Its name in addresses, unique in a section."""
        if self.address:
            return self.address
        words = [self.command, *(str(value) for value in self.fixed.values())]
        return "-".join(words).lower().replace(" ", "")

    @property
    def asks(self) -> bool:
        """Whether there is a page before it is done."""
        return bool(self.inputs) or self.is_dangerous

    @property
    def is_dangerous(self) -> bool:
        return self.command.startswith(DANGEROUS) if self.danger is None else self.danger

    def named(self, row: Row) -> dict[str, Any]:
        """The parameters that name the object and say what is fixed."""
        own: Mapping[str, Any] = self.params(row) if self.params else {self.parameter: row["id"]} if row else {}
        return {**own, **self.fixed}


def cancels_job(label: Text) -> Operation:
    """The button that stops the job which works on the object now; shown while there is one."""
    return Operation(
        command="cancelAsyncJob",
        label=label,
        icon="stop",
        params=lambda row: {"jobid": row["jobid"]},
        suits=lambda row: bool(row.get("jobid")),
    )


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A table on an object's page: what ``command`` lists with ``params`` made from the object's row.

    ``rows`` takes them from the object's own answer instead. ``section`` is the slug of the section that the rows
    belong to; ``operations`` are offered on each row, ``adds`` above them, for the object of the page.
    """

    title: Text
    columns: Sequence[Column]
    command: str = ""
    params: Callable[[Row], Mapping[str, Any]] = lambda row: {}
    rows: Callable[[Row], Sequence[Row]] | None = None
    section: str = ""
    operations: Sequence[Operation] = ()
    adds: Sequence[Operation] = ()
    empty: Text = ""
    suits: Callable[[Row], bool] | None = None


@dataclass(frozen=True)
class PanelOn:
    """A panel that a plugin shows on the pages of others' objects.

    ``page`` is the slug of their section or, in the admin, the label of their model (``accounts.account``), where the
    panel's ``params`` get the object itself.
    """

    page: str
    panel: Panel


@dataclass(frozen=True, kw_only=True)
class MenuLink:
    """An entry of the menu that leads to ``url``, an address in the portal or elsewhere."""

    title: Text
    url: str
    group: Text
    """Title of the part of the menu, which there may be already."""
    icon: str = "box"
    order: int = 200
    command: str = ""
    """Shown to whoever's role allows it; empty: to everybody who is signed in."""


class Section:
    """One kind of object with its pages. Subclasses are registered by :func:`cloudstack.pages.register`."""

    slug: ClassVar[str] = ""
    """First part of the addresses."""
    title: ClassVar[Text] = ""
    singular: ClassVar[Text] = ""
    group: ClassVar[Text] = ""
    """Title of the part of the menu; empty: it has no entry there."""
    order: ClassVar[int] = 100
    icon: ClassVar[str] = "box"
    help: ClassVar[Text] = ""
    """What these things are, for somebody who has not seen one."""
    empty: ClassVar[Text] = ""
    """What to do first when there is none."""

    lists: ClassVar[str] = ""
    """The command that lists them; also asked for one of them."""
    list_params: ClassVar[Mapping[str, str]] = {}
    lookup: ClassVar[str] = "id"
    """Field of an answer that names the object in addresses."""
    columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[Sequence[Filter]] = ()
    facts: ClassVar[Sequence[Column]] = ()
    panels: ClassVar[Sequence[Panel]] = ()
    create: ClassVar[Operation | None] = None
    further_creates: ClassVar[Sequence[Operation]] = ()
    operations: ClassVar[Sequence[Operation]] = ()
    page_size: ClassVar[int] = 25
    sort: ClassVar[str] = ""
    """Field that the list is sorted by at first, with ``-`` in front of it downwards; empty: the list's own order."""
    has_page: ClassVar[bool] = True
    """Whether each object has a page of its own."""
    state: ClassVar[str] = "state"
    """Field that holds the object's state; empty: there is none."""
    template: ClassVar[str] = "portal/object.html"

    def title_of(self, row: Row) -> str:
        """What a row is called."""
        return str(row.get("displayname") or row.get("name") or row.get(self.lookup, ""))

    def one(self, uuid: str) -> Mapping[str, str] | Sequence[Mapping[str, str]]:
        """The parameters that have ``lists`` answer one object, or several ways to ask for it."""
        return {**self.list_params, "id": uuid}

    def links(self, request: Any, row: Row) -> list[tuple[Text, str, str]]:
        """Further pages about the object: text, address and icon."""
        return []

    def context_of(self, request: Any, row: Row) -> Mapping[str, Any]:
        """More for the template of the object's page."""
        return {}

    def form_context(self, request: Any, operation: Operation, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """More for the template of an operation's form; ``context`` is what it has, the plan if there is one."""
        return {}

    @property
    def creates(self) -> list[Operation]:
        return [*([self.create] if self.create else []), *self.further_creates]
