"""The base of parameter declarations: a name on the wire, a type, and how text becomes a value."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from cloudstack.api.identifiers import BadValue
from cloudstack.api.params.arguments import Arguments
from cloudstack.api.roles import RoleSet

if TYPE_CHECKING:
    from cloudstack.framework.context import Caller

T = TypeVar("T")

DEFAULT_MAX_LENGTH = 255
"""Characters that a text may have unless its declaration says otherwise."""


class Missing:
    """Stands for "the caller did not send it"."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Param(Generic[T]):
    """One parameter of a command.

    ``wire`` is the name in requests (the attribute's own name if left out). ``roles`` names who may send it:
    from others it is ignored. ``lookup`` makes a list command filter by it. ``validate`` gets the value and
    raises :class:`BadValue` saying what would be right. ``since`` is the API version that brought it. ``secret`` is
    for texts in which passwords are usual: they are never repeated.
    """

    type_name = "string"
    secret = False
    """Whether the value must never be repeated in messages and logs."""
    takes_map = False
    """Whether the parameter is written ``name[0].key=value``."""

    def __init__(
        self,
        wire: str = "",
        *,
        required: bool = False,
        default: T | None = None,
        help: str = "",
        since: str = "",
        lookup: str = "",
        roles: RoleSet | None = None,
        max_length: int = DEFAULT_MAX_LENGTH,
        validate: Callable[[T], None] | None = None,
        secret: bool = False,
    ):
        self.wire = wire
        self.required = required
        self.default = default
        self.help = help
        self.since = since
        self.lookup = lookup
        self.roles = roles
        self.max_length = max_length
        self.validate = validate
        self.secret = secret or type(self).secret
        self.attr = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.attr = name
        self.wire = self.wire or name
        self.key = self.wire.lower()

    # On an instance the value is in __dict__ and wins: this non-data descriptor only tells type checkers so.
    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        return self if instance is None else self.default

    def read(self, arguments: Arguments) -> T | Missing:
        """The cast value, or MISSING. Raises :class:`BadValue`."""
        text = arguments.texts.get(self.key)
        if text is None:
            return MISSING
        if len(text) > self.max_length:
            raise BadValue(f"it has {len(text)} characters, at most {self.max_length} are allowed")
        if not text and self.empty_is_missing:
            return MISSING
        value = self.cast(text)
        self.ensure_valid(value)
        return value

    def ensure_valid(self, value: T) -> None:
        """Raises :class:`BadValue` with the words of ``validate``, which raises it or any ``ValueError``."""
        if self.validate is None:
            return
        try:
            self.validate(value)
        except BadValue:
            raise
        except ValueError as error:
            raise BadValue(str(error)) from error

    empty_is_missing = True
    """Whether ``name=`` counts as not given."""

    def cast(self, text: str) -> T:
        """Text from the wire → value. Raises :class:`BadValue`."""
        raise NotImplementedError

    def resolve(self, value: Any, *, caller: "Caller | None") -> Any:
        """Value → what the command gets. Only references have more to do here."""
        return value

    def to_wire(self, value: Any) -> Mapping[str, str]:
        """The inverse of ``read``: what a client would send for ``value``."""
        return {self.wire: str(value)}

    def filters(self, value: Any) -> dict[str, Any]:
        """Arguments of ``QuerySet.filter`` for ``lookup``."""
        return {self.lookup: value}

    def shown(self, arguments: Arguments) -> str:
        """The sent value as error messages may show it."""
        if self.secret:
            return "****"
        text = arguments.texts.get(self.key, "")
        return text if len(text) <= 80 else f"{text[:77]}..."
