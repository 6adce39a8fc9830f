"""Notes on the wire."""

from collections import defaultdict

from apps.metadata.kinds import kinds_with
from apps.metadata.models import Annotation
from cloudstack.api import STRING, Access, Field, Loaded, Response, entity_for
from cloudstack.framework.context import Caller


def _names(keys: list[int], caller: Caller) -> dict[int, str]:
    """What the noted objects are called, where the reader sees them: one statement for each kind on the page.

    An object may have been given to somebody else since the note was written.
    """
    places: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for key, kind, object_id in Annotation.all_objects.filter(pk__in=keys).values_list("pk", "kind", "object_id"):
        places[kind][object_id].append(key)
    names: dict[int, str] = {}
    # The plugin of a kind may be switched off: its notes stay, without a name of what they are about.
    known = {kind.note: kind for kind in kinds_with("note")}
    for kind, objects in ((known[noted], objects) for noted, objects in places.items() if noted in known):
        seen = entity_for(kind.model).scope(caller=caller, access=Access.USE).filter(pk__in=objects)
        for object_id, name in seen.values_list("pk", kind.title):
            names.update(dict.fromkeys(objects[object_id], name))
    return names


class AnnotationResponse(Response):
    object_name = "annotation"
    model = Annotation

    id = Field("uuid", help="UUID of the note")
    entitytype = Field("kind", help="kind of the object: VM, HOST…")
    entityid = Field("object_uuid", help="UUID of the object")
    entityname = Loaded(_names, type=STRING, help="what the object is called")
    annotation = Field("text", help="the note")
    userid = Field("user__uuid", help="UUID of who wrote it")
    username = Field("user__username", help="who wrote it")
    adminsonly = Field("admins_only", help="whether only root admins read it")
    created = Field(help="when it was written")
    removed = Field(help="when it was removed")
