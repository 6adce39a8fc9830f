"""What can hang on an object of any kind, for the responses and lists of all apps: a base class each.

What tags, icons and notes are, the metadata app knows; it is above this one and gives its functions here.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from django.db.models import Model, QuerySet

from apps.accounts.api.responses.owner import OwnerFields
from cloudstack.api import BOOL, LIST, BadValue, BaseListCmd, Field, Flag, Loaded, MapList, Response
from cloudstack.api.fields import FieldType, Item
from cloudstack.api.responses import keys_first
from cloudstack.framework.context import Caller, RoleType

Pairs = list[tuple[str, str | None]]
"""Keys of tags, each with the value that is meant, or None for any."""


class Attachments(Protocol):
    """What the metadata app gives."""

    def tags(self, model: type[Model], keys: Sequence[int], caller: Caller) -> Mapping[int, Any]: ...
    def tagged(self, queryset: "QuerySet[Any]", pairs: Pairs) -> "QuerySet[Any]": ...
    def icons(self, model: type[Model], keys: Sequence[int], caller: Caller) -> Mapping[int, Any]: ...
    def annotated(self, model: type[Model], role_type: RoleType) -> Any: ...
    def last_note(self, model: type[Model], column: str) -> Any: ...
    def shown_details(self, model: type[Model], column: str, role_type: RoleType) -> Any: ...
    def hung_details(self, model: type[Model], role_type: RoleType) -> Any: ...


_attachments: Attachments | None = None


def provide(attachments: Attachments) -> None:
    """Called once, by the app that has them."""
    global _attachments
    _attachments = attachments


def given() -> Attachments:
    if _attachments is None:
        raise RuntimeError("no app provides what is attached to objects")
    return _attachments


class TagFields(OwnerFields):
    """A tag on the wire."""

    object_name = "tag"

    key = Field(help="its key")
    value = Field(help="its value")
    resourcetype = Field("kind", help="kind of the object that carries it")
    resourceid = Field("object_uuid", type=FieldType.UUID, help="UUID of that object")
    domainid = Field("domain__uuid", type=FieldType.UUID, help="domain of its owner")
    customer = Field(compute=lambda row: row["customer"] or None, needs=("customer",), help="whom it is kept for")


def _hang(response: Any, wire: str, item: Item) -> None:
    """Declare ``item`` in the class of a response before the class reads its declarations."""
    if wire not in vars(response):
        setattr(response, wire, item)
        item.__set_name__(response, wire)


class Tagged(Response):
    """Base of responses that show ``tags``."""

    def __init_subclass__(cls, **options: Any) -> None:
        if cls.model is not None:
            loader = partial(_load_tags, cls.model)
            _hang(cls, "tags", Loaded(loader, default=list, type=LIST, response=TagFields, help="its tags"))
        super().__init_subclass__(**options)


def _load_tags(model: type[Model], keys: list[int], caller: Caller) -> Mapping[int, Any]:
    return given().tags(model, keys, caller)


class IconFields(Response):
    """A picture on the wire."""

    object_name = "icon"

    resourcetype = Field("kind", help="kind of the object that it stands for")
    resourceid = Field("object_uuid", type=FieldType.UUID, help="UUID of that object")
    base64image = Field("image", help="the file, PNG, JPEG or GIF, in base64")


class Iconed(Response):
    """Base of responses that show ``icon``; their lists are ``ShowsIcons``."""

    def __init_subclass__(cls, **options: Any) -> None:
        if cls.model is not None:
            loader = partial(_load_icons, cls.model)
            _hang(cls, "icon", Loaded(loader, type=FieldType.OBJECT, response=IconFields, help="its picture"))
        super().__init_subclass__(**options)


def _load_icons(model: type[Model], keys: list[int], caller: Caller) -> Mapping[int, Any]:
    return given().icons(model, keys, caller)


class ShowsIcons(BaseListCmd):
    """Base of lists whose rows have icons: they are read only for who wants them."""

    abstract = True

    show_icons = Flag("showicon", default=False, help="also show the pictures of the objects")

    def omitted(self) -> frozenset[str]:
        return super().omitted() if self.show_icons else super().omitted() | {"icon"}


class Annotated(Response):
    """Base of responses that say in ``hasannotations`` whether there are notes that the caller may read."""

    def __init_subclass__(cls, **options: Any) -> None:
        if cls.model is not None:
            exists = partial(_has_notes, cls.model)
            field = Field(expression=exists, by_role=True, type=BOOL, help="whether there are notes that you may read")
            _hang(cls, "hasannotations", field)
        super().__init_subclass__(**options)


def _has_notes(model: type[Model], role_type: RoleType) -> Any:
    return given().annotated(model, role_type)


def last_note(model: type[Model], column: str, **options: Any) -> Field:
    """A field that shows a column of the newest note about an object of ``model``; for operators."""
    return Field(expression=lambda: given().last_note(model, column), **options)


def details_in(model: type[Model], column: str, **options: Any) -> Field:
    """A field that shows the map in ``column``; keys that operators keep to themselves are left out for others."""

    def shown(role_type: RoleType) -> Any:
        return given().shown_details(model, column, role_type)

    return Field(expression=shown, by_role=True, type=FieldType.MAP, **options)


def details_on(model: type[Model], **options: Any) -> Field:
    """A field that shows the details of objects that have no column for them."""

    def shown(role_type: RoleType) -> Any:
        return given().hung_details(model, role_type)

    return Field(expression=shown, by_role=True, type=FieldType.MAP, **options)


class TagPairs(MapList):
    """``tags[0].key=env&tags[0].value=prod``: pairs of a key and a value, or of a key and None."""

    def __init__(self, wire: str = "tags", **options: Any):
        super().__init__(wire, **options)

    def build(self, rows: list[dict[str, str]]) -> Any:
        pairs: Pairs = []
        for row in super().build(rows):
            if not row.get("key", "").strip() or set(row) - {"key", "value"}:
                raise BadValue("each tag is written tags[0].key=name and tags[0].value=text")
            pairs.append((row["key"].strip(), row.get("value") or None))
        return pairs


class TagFilter(BaseListCmd):
    """Base of lists of what carries tags."""

    abstract = True

    tags = TagPairs(help="what carries at least one of these tags; without a value: any tag of the key")

    def narrow(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        queryset = super().narrow(queryset)
        return keys_first(given().tagged(queryset, self.tags)) if self.tags else queryset
