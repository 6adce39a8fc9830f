"""Commands on icons."""

from typing import Any

from django.db.models import QuerySet

from apps.metadata.api.responses.icon import ResourceIconResponse
from apps.metadata.kinds import Kind, kind_named
from apps.metadata.models import ResourceIcon
from apps.metadata.services.icons import IconManager
from cloudstack.api import Access, BaseCmd, ListOf, Rest, Str

KINDS = "kind of the objects: UserVm, Template, ISO, Network, Account, User, Domain, Zone, GuestOsCategory…"
MAX_TEXT = 3 * 1024 * 1024
"""Characters of the largest file in base64; the setting resource.icon.max.size says what is really taken."""


class _IconCmd(BaseCmd):
    abstract = True

    kind_name = Str("resourcetype", required=True, help=KINDS)
    uuids = ListOf("resourceids", Str, required=True, help="UUIDs of the objects, separated by commas")

    def objects(self, access: Access) -> tuple[Kind, list[Any]]:
        kind = kind_named(self.kind_name, what="icon")
        uuids = dict.fromkeys(self.uuids)
        return kind, kind.get_many(caller=self.caller, uuids=uuids, access=access, parameter="resourceids")


class UploadResourceIcon(_IconCmd):
    """Gives objects of one kind a picture, in place of what they have."""

    rest = Rest("resource-icons")

    image = Str(
        "base64image", required=True, max_length=MAX_TEXT, help="a PNG, JPEG or GIF file in base64; SVG is not taken"
    )

    def execute(self) -> None:
        kind, objects = self.objects(Access.MODIFY)
        IconManager().upload(caller=self.caller, kind=kind, objects=objects, image=self.image)


class DeleteResourceIcon(_IconCmd):
    """Takes the pictures of objects away."""

    rest = Rest("resource-icons", action="delete")

    def execute(self) -> None:
        kind, objects = self.objects(Access.MODIFY)
        IconManager().delete(caller=self.caller, kind=kind, objects=objects)


class ListResourceIcon(_IconCmd):
    """Lists the pictures of objects."""

    response = ResourceIconResponse
    list_shaped = True
    rest = Rest("resource-icons", method="GET")

    def execute(self) -> QuerySet[ResourceIcon]:
        kind, objects = self.objects(Access.USE)
        icons = ResourceIcon.objects.filter(kind=kind.name, object_id__in=[obj.pk for obj in objects])
        return icons.order_by("id")
