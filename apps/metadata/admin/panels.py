"""Tags, details and notes on the admin page of every object that can have them."""

from typing import Any

from apps.accounts.admin.panels import ROWS, Panel, PanelForm, link_to, when
from apps.metadata.kinds import Kind, kind_of
from apps.metadata.models import ResourceTag
from apps.metadata.selectors import details_of, readable
from cloudstack.framework.context import Caller


def attached_panels(caller: Caller, obj: Any) -> list[Panel]:
    """One panel for each sort of thing that can hang on ``obj``, with the forms that change it."""
    kind = kind_of(obj)
    if kind is None:
        return []
    panels = []
    if kind.tags:
        panels.append(_tags(kind, obj))
    if kind.details:
        panels.append(_details(kind, obj, caller))
    if kind.note:
        panels.append(_notes(kind, obj, caller))
    return panels


def _tags(kind: Kind, obj: Any) -> Panel:
    tags = ResourceTag.objects.filter(kind=kind.name, object_id=obj.pk).order_by("folded_key")
    rows = [[link_to(tag, tag.key), tag.value, tag.customer or "–", when(tag.created)] for tag in tags[:ROWS]]
    fixed = {"resourcetype": kind.name, "resourceids": str(obj.uuid)}
    key, value = (("tags[0].key", "Key"), ("tags[0].value", "Value"))
    return Panel(
        "Tags",
        ["Key", "Value", "For", "Attached"],
        rows,
        "No tags.",
        forms=[
            PanelForm(key="tag", command="createTags", label="Attach", fixed=fixed, fields=(key, value)),
            PanelForm(key="untag", command="deleteTags", label="Take off", fixed=fixed, fields=(key,)),
        ],
    )


def _details(kind: Kind, obj: Any, caller: Caller) -> Panel:
    details = details_of(kind, obj, caller=caller)
    rows = [[key, value, "all" if displayed else "root admins"] for key, value, displayed in details]
    fixed = {"resourcetype": kind.name, "resourceid": str(obj.uuid)}
    pair = (("details[0].key", "Key"), ("details[0].value", "Value"))
    return Panel(
        "Details",
        ["Key", "Value", "Seen by"],
        rows,
        "No details.",
        forms=[
            PanelForm(key="detail", command="addResourceDetail", label="Set", fixed=fixed, fields=pair),
            PanelForm(
                key="undetail", command="removeResourceDetail", label="Remove", fixed=fixed, fields=(("key", "Key"),)
            ),
        ],
    )


def _notes(kind: Kind, obj: Any, caller: Caller) -> Panel:
    notes: Any = readable(caller.role_type).filter(kind=kind.note, object_id=obj.pk)
    rows = [
        [link_to(note, str(note)), link_to(note.user), "root admins" if note.admins_only else "all", when(note.created)]
        for note in notes.select_related("user").order_by("-id")[:ROWS]
    ]
    fixed = {"entitytype": kind.note, "entityid": str(obj.uuid)}
    field = (("annotation", "What there is to say"),)
    return Panel(
        "Notes",
        ["Note", "By", "Read by", "Written"],
        rows,
        "Nobody has noted anything.",
        forms=[PanelForm(key="note", command="addAnnotation", label="Note", fixed=fixed, fields=field)],
    )
