"""What lies in image stores: shown, fetched and moved."""

from typing import Any

from django.db.models import QuerySet

from apps.storage import events
from apps.storage.api.commands.extract import ExtractResponse, address_result
from apps.storage.models import ImageStore, Template, TemplateStoreRef
from apps.storage.services.downloads import DownloadManager, is_uuid
from apps.storage.services.image_moves import ImageMoveManager
from apps.storage.states import StoreState
from cloudstack.api import (
    BOOL,
    DATE,
    LONG,
    ROOT,
    STRING,
    Access,
    BaseAsyncCmd,
    BaseListCmd,
    Choice,
    Field,
    Ref,
    RefList,
    Response,
    Str,
)
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

COMPLETE = "complete"


class StoreObjectResponse(Response):
    object_name = "datastoreobject"
    model = TemplateStoreRef

    name = Field("template__uuid", type=STRING, help="name of the file in the store")
    isdirectory = Field(compute=lambda row: False, type=BOOL, help="whether it is a folder")
    size = Field("size_bytes", type=LONG, help="bytes of the file")
    templateid = Field("template__uuid", help="the template or ISO")
    templatename = Field("template__name", help="its name")
    format = Field("template__format", help="QCOW2, RAW or ISO")
    lastupdated = Field("created", type=DATE, help="since when it is there")


class ListImageStoreObjects(BaseListCmd):
    """Lists the images that are kept in an image store. What else may lie there is not looked at."""

    roles = ROOT
    response = StoreObjectResponse
    keyword_fields = ("template__name",)
    id_filter = ids_filter = None

    store = Ref("id", ImageStore, required=True, help="the store")
    path = Str("path", max_length=1024, help="name of one file; all if left out or /")

    def queryset(self) -> QuerySet[TemplateStoreRef]:
        rows = TemplateStoreRef.objects.filter(store=self.store, state=StoreState.READY, template__removed__isnull=True)
        name = (self.path or "").strip("/")
        if not name:
            return rows
        return rows.filter(template__uuid=name) if is_uuid(name) else rows.none()


class DownloadImageStoreObject(BaseAsyncCmd):
    """Gives out an address from which a file of an image store can be downloaded for a while."""

    roles = ROOT
    response = ExtractResponse
    object_name = "volume"
    event_type = events.TEMPLATE_EXTRACT

    store = Ref("id", ImageStore, required=True, help="the store")
    path = Str("path", required=True, max_length=1024, help="name of the file, as listImageStoreObjects shows it")

    def execute(self) -> AsyncJob:
        return DownloadManager().extract_object(caller=self.caller, store=self.store, name=self.path.strip("/"))

    @classmethod
    def job_result(cls, job: Any, *, caller: Caller) -> dict[str, Any] | None:
        return address_result(job, cls.object_name)


class MigrationResponse(Response):
    object_name = "imagestore"

    message = Field(help="what was moved")
    migrationtype = Field(help="COMPLETE")
    success = Field(type=BOOL, help="whether all of it was moved")


class MoveImagesCmd(BaseAsyncCmd):
    abstract = True
    roles = ROOT
    response = MigrationResponse
    event_type = events.IMAGE_STORE_MIGRATE

    source = Ref("srcpool", ImageStore, access=Access.MODIFY, required=True, help="the store that they are in")

    @classmethod
    def job_result(cls, job: Any, *, caller: Caller) -> dict[str, Any] | None:
        return {cls.object_name: job.result}


class MigrateResourceToAnotherSecondaryStorage(MoveImagesCmd):
    """Moves chosen images to another image store."""

    target = Ref("destpool", ImageStore, access=Access.MODIFY, required=True, help="the store that they go to")
    images = RefList("templates", Template, help="templates and ISOs")

    def execute(self) -> AsyncJob:
        return ImageMoveManager().migrate(
            caller=self.caller, source=self.source, targets=[self.target], images=self.images or []
        )


class MigrateSecondaryStorageData(MoveImagesCmd):
    """Moves all images of an image store to others, so that it can be taken away."""

    targets = RefList("destpools", ImageStore, access=Access.MODIFY, required=True, help="the stores that they go to")
    kind = Choice("migrationtype", (COMPLETE,), default=COMPLETE, help="complete: all of it")

    def execute(self) -> AsyncJob:
        return ImageMoveManager().migrate(
            caller=self.caller, source=self.source, targets=self.targets, parameter="destpools"
        )
