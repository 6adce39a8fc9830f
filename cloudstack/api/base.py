"""Bases of all commands. A command is declared once; every door is made from the declaration."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ImproperlyConfigured

from cloudstack.api import envelopes, registry
from cloudstack.api.params import Param
from cloudstack.api.responses import NONE_OMITTED, Response, SuccessResponse
from cloudstack.api.roles import EVERYONE, RoleSet
from cloudstack.framework.context import CommandInfo

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from cloudstack.framework.context import Caller


READING = ("list", "get", "find", "query", "is", "ready")
"""Beginnings of the names of commands that change nothing."""
REMOVING = ("delete", "remove", "expunge")


class Rest:
    """Where the REST route of a command differs from what its name says.

    ``resource``: plural path segment; ``action``: path segment behind it (empty for the resource itself);
    ``method``; ``detail``: whether the path holds the UUID; ``lookup``: the parameter that the UUID fills.
    """

    def __init__(
        self,
        resource: str,
        *,
        action: str = "",
        method: str = "POST",
        detail: bool | None = None,
        lookup: str = "id",
    ):
        self.resource = resource
        self.action = action
        self.method = method
        self.detail = detail
        self.lookup = lookup


def _collect(cls: type) -> dict[str, Param[Any]]:
    """Parameters of the class and its bases; a wire name declared again replaces, ``name = None`` removes."""
    found: dict[str, Param[Any]] = {}
    for base in reversed(cls.__mro__):
        for attr, value in vars(base).items():
            if isinstance(value, Param):
                if any(not isinstance(getattr(above, attr, None), Param | None) for above in base.__mro__[1:]):
                    raise ImproperlyConfigured(
                        f"{cls.__qualname__}: {attr} means something else in commands; give the parameter another "
                        f'attribute and name it on the wire: {attr}_ = {type(value).__name__}("{value.wire}")'
                    )
                for other in [a for a, p in found.items() if p.key == value.key]:
                    del found[other]
                found[attr] = value
            elif attr in found:
                del found[attr]
    return found


class BaseCmd:
    """A command that does its work at once.

    ``execute`` returns what ``response`` shows: an instance (rendered), a dictionary (sent as it is), for
    ``SuccessResponse`` nothing, False or a remark. Parameters are class attributes; on the instance they are
    values (None or the default when not given). Errors: those of :mod:`cloudstack.framework.errors`.
    """

    abstract: ClassVar[bool] = True
    """Set in the class itself by bases that are no commands."""
    name: ClassVar[str] = ""
    roles: ClassVar[RoleSet] = EVERYONE
    """Who may call it when no rule of the caller's role says otherwise."""
    anonymous: ClassVar[bool] = False
    """Whether it may be called without credentials (``caller`` is None then)."""
    before_second_factor: ClassVar[str] = ""
    """Whether a session may call it before the second factor is proved: ``always``, or while one is yet to be set up
    (``setup``)."""
    proves_second_factor: ClassVar[bool] = False
    """Whether a session in which it succeeded has proved the second factor."""
    response: ClassVar[type[Response]] = SuccessResponse
    envelope: ClassVar[str] = ""
    object_name: ClassVar[str] = ""
    bare: ClassVar[bool] = False
    """Whether the fields stand directly under the envelope."""
    list_shaped: ClassVar[bool] = False
    """Whether the answer is ``{count, object: [...]}``."""
    since: ClassVar[str] = ""
    event_type: ClassVar[str] = ""
    rest: ClassVar[Rest | None] = None
    is_async: ClassVar[bool] = False
    is_list: ClassVar[bool] = False
    changes: ClassVar[bool] = True
    """Whether it changes anything. Follows from the name; one that changes although it "gets" says so."""
    irreversible: ClassVar[str] = ""
    """What its work cannot be undone in, as a sentence; for commands without a job, whose steps say it."""

    info: ClassVar[CommandInfo] = CommandInfo()
    """What jobs that the command starts remember of it."""
    params: ClassVar[dict[str, Param[Any]]] = {}
    """Attribute → declaration, inherited ones first."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.params = _collect(cls)
        cls.abstract = bool(vars(cls).get("abstract", False))
        if cls.abstract:
            return
        if not vars(cls).get("name"):
            cls.name = cls.__name__[0].lower() + cls.__name__[1:]
        if not vars(cls).get("envelope"):
            cls.envelope = envelopes.envelope_of(cls.name)
        if not vars(cls).get("object_name"):
            cls.object_name = envelopes.OBJECT_NAMES.get(cls.name) or cls.response.object_name
        if "changes" not in vars(cls):
            cls.changes = not (cls.is_list or cls.name.startswith(READING))
        if not (cls.irreversible or cls.is_async) and cls.name.startswith(REMOVING):
            cls.irreversible = "What it removes cannot be brought back."
        cls.list_shaped = cls.is_list or vars(cls).get("list_shaped", False) or cls.name in envelopes.LIST_SHAPED
        success = issubclass(cls.response, SuccessResponse)
        if not (success or cls.bare or cls.object_name):
            raise ImproperlyConfigured(f"{cls.__qualname__}: {cls.response.__name__} needs an object_name")
        cls.info = CommandInfo(cls.name, cls.event_type, cls.documentation())
        registry.register(cls)

    def __init__(self, caller: Any, values: Mapping[str, Any], given: "AbstractSet[str]"):
        """``caller``: a ``Caller``, or None in anonymous commands.

        ``values``: attribute → resolved value; ``given``: attributes that the caller sent.
        """
        self.caller = caller
        self._given = given
        for attr, value in values.items():
            self.__dict__[attr] = value

    def given(self, attr: str) -> bool:
        """Whether the caller sent the parameter of this attribute (a default does not count)."""
        return attr in self._given

    def execute(self) -> Any:
        raise NotImplementedError

    def omitted(self) -> frozenset[str]:
        """Wire names that this call's answer does without; lists with ``details=`` override it."""
        return NONE_OMITTED

    @classmethod
    def documentation(cls) -> str:
        """The first words of ``listApis`` and OpenAPI on this command."""
        return " ".join((cls.__doc__ or "").split())


class BaseAsyncCmd(BaseCmd):
    """A command carried out by a job: ``execute`` returns the :class:`AsyncJob` that ``dispatch`` gave.

    When the job has succeeded, ``response`` shows the job's resource to whoever reads the result.
    """

    abstract = True
    is_async = True
    creates: ClassVar[bool] = False

    @classmethod
    def job_extras(cls, jobs: "Iterable[Any]", *, caller: "Caller") -> "Mapping[int, dict[str, Any]]":
        """Override where the results of ``jobs`` show more than their resources: job's primary key → wire fields."""
        return {}

    @classmethod
    def job_result(cls, job: Any, *, caller: "Caller") -> dict[str, Any] | None:
        """Override where the result is not simply the job's resource; exactly one key."""
        return None


class BaseAsyncCreateCmd(BaseAsyncCmd):
    """An asynchronous command whose object exists at once: ``execute`` returns (instance, job)."""

    abstract = True
    creates = True
