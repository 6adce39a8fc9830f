"""Tags of storage pools."""

from typing import Any
from uuid import uuid5

from apps.storage.models import StoragePool
from apps.storage.selectors import pools_visible_to
from cloudstack.api import ADMINS, BaseListCmd, Field, Response


class StorageTagResponse(Response):
    """A tag of a pool. ``model`` is what it hangs on."""

    object_name = "storagetag"
    model = StoragePool

    id = Field("uuid", help="identifier of the tag on its pool")
    name = Field("tags", help="the tag")


class ListStorageTags(BaseListCmd):
    """Lists the tags of the storage pools within reach, one row for each tag of each pool."""

    roles = ADMINS
    response = StorageTagResponse
    keyword_fields = ()
    id_filter = ids_filter = after = None  # type: ignore[assignment]

    def queryset(self) -> list[dict[str, Any]]:
        pools = pools_visible_to(caller=self.caller).exclude(tags="").order_by("id").values_list("uuid", "tags")
        # A tag is no row: its identifier follows from the pool's and stays while the pool has the tag.
        return [
            {"id": str(uuid5(uuid, tag)), "name": tag}
            for uuid, tags in pools
            for tag in tags.split(",")
            if not self.keyword or self.keyword.lower() in tag.lower()
        ]
