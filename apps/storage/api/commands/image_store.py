"""Commands on image stores, and what providers of storage there are."""

from typing import Any

from django.db.models import QuerySet

from apps.infrastructure.models import Zone
from apps.storage.api.responses.image_store import ImageStoreResponse
from apps.storage.models import ImageStore
from apps.storage.selectors import image_stores_visible_to
from apps.storage.services.image_stores import ImageStoreManager
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Choice, Field, Flag, Long, Map, Ref, Response, Str
from cloudstack.api.roles import RoleSet
from cloudstack.framework.context import RoleType
from cloudstack.framework.drivers import image_store_providers

OPERATORS: RoleSet = frozenset({RoleType.ADMIN, RoleType.RESOURCE_ADMIN})


class ListImageStores(BaseListCmd):
    """Lists the image stores in which templates are kept."""

    roles = ROOT
    response = ImageStoreResponse

    store_name = Str("name", lookup="name", help="exact name")
    protocol = Str("protocol", lookup="protocol__iexact", help="how it is reached")
    provider = Str("provider", lookup="provider__iexact", help="plugin that talks to it")
    zone = Ref("zoneid", Zone, lookup="zone", help="stores of this zone")
    read_only = Flag("readonly", lookup="read_only", help="stores that take nothing new, or the others")

    def queryset(self) -> QuerySet[ImageStore]:
        return image_stores_visible_to(caller=self.caller)


class AddImageStore(BaseCmd):
    """Adds an image store. Whether it can be used is found out by a job; one that cannot is removed again."""

    roles = ROOT
    response = ImageStoreResponse

    store_name = Str("name", help="name of the store; its address if left out")
    url = Str("url", required=True, max_length=1024, help="where it is, such as file:///var/lib/cloudstack/images")
    zone = Ref("zoneid", Zone, help="zone that it serves; all zones if left out")
    provider = Str("provider", required=True, help="plugin that talks to it, such as Directory")
    details = Map("details", help="options; those that are secret are kept encrypted")

    def execute(self) -> ImageStore:
        store, _ = ImageStoreManager().add(
            caller=self.caller,
            name=self.store_name or "",
            url=self.url,
            zone=self.zone,
            provider=self.provider,
            details=self.details,
        )
        return store


class UpdateImageStore(BaseCmd):
    """Renames an image store, closes it for new images, or says how much of it may be used."""

    roles = ROOT
    response = ImageStoreResponse

    store = Ref("id", ImageStore, access=Access.MODIFY, required=True, help="the store")
    store_name = Str("name", max_length=255, help="new name")
    read_only = Flag("readonly", help="whether nothing new is put there")
    capacity_bytes = Long("capacitybytes", minimum=1, help="bytes of it that may be used")

    def execute(self) -> ImageStore:
        return ImageStoreManager().update(
            caller=self.caller,
            store=self.store,
            name=self.store_name,
            read_only=self.read_only,
            capacity_bytes=self.capacity_bytes,
        )


class DeleteImageStore(BaseCmd):
    """Removes an image store that holds no template; its files stay where they are."""

    roles = ROOT

    store = Ref("id", ImageStore, access=Access.MODIFY, required=True, help="the store")

    def execute(self) -> None:
        ImageStoreManager().remove(caller=self.caller, store=self.store)


class StorageProviderResponse(Response):
    object_name = "dataStoreProvider"

    name = Field(help="name of the provider")
    type = Field(help="primary or image")


class ListStorageProviders(BaseListCmd):
    """Lists the providers of primary storage or of image stores."""

    roles = OPERATORS
    response = StorageProviderResponse
    id_filter = ids_filter = None

    kind = Choice("type", ("primary", "image"), required=True, help="primary or image")

    def queryset(self) -> list[dict[str, Any]]:
        names = image_store_providers() if self.kind == "image" else ["DefaultPrimary"]
        if self.keyword:
            names = [name for name in names if self.keyword.lower() in name.lower()]
        return [{"name": name, "type": self.kind.upper()} for name in names]
