"""Commands that give out addresses for downloads."""

from typing import Any

from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.api.commands.template import TemplateRef
from apps.storage.api.refused import Refused
from apps.storage.models import DownloadTicket, Iso, Volume
from apps.storage.services.downloads import DownloadManager, address_of
from cloudstack.api import DATE, INT, Access, BaseAsyncCmd, Choice, Field, Ref, Response
from cloudstack.api.dates import format_date
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

MODE = "HTTP_DOWNLOAD"


class ExtractResponse(Response):
    object_name = "extract"

    id = Field(help="UUID of what is downloaded")
    name = Field(help="its name")
    extractId = Field(help="UUID of the address")
    accountid = Field(help="UUID of the account that owns it")
    created = Field(type=DATE, help="when the address was made")
    state = Field(help="DOWNLOAD_URL_CREATED")
    status = Field(help="the same in words")
    resultstring = Field(help="until when the address works")
    storagetype = Field(help="kind of the storage that the file lies on")
    zoneid = Field(help="zone of that storage; none if it serves all")
    zonename = Field(help="name of that zone")
    extractMode = Field(help="HTTP_DOWNLOAD")
    uploadpercentage = Field(type=INT, help="how much was copied, in percent")
    url = Field(help="the address")


class ExtractCmd(BaseAsyncCmd):
    abstract = True
    response = ExtractResponse

    mode = Choice("mode", (MODE,), required=True, help="HTTP_DOWNLOAD")
    target = Refused("url")

    @classmethod
    def job_result(cls, job: Any, *, caller: Caller) -> dict[str, Any] | None:
        return address_result(job, cls.object_name)


class ExtractTemplate(ExtractCmd):
    """Gives out an address from which a template can be downloaded for a while."""

    event_type = events.TEMPLATE_EXTRACT
    object_name = "template"

    image = TemplateRef("id", select_related=["domain"], required=True, help="the template")
    zone = Ref("zoneid", Zone, help="the zone that it is fetched from")

    def execute(self) -> AsyncJob:
        return DownloadManager().extract_image(caller=self.caller, image=self.image, zone=self.zone)


class ExtractIso(ExtractCmd):
    """Gives out an address from which an ISO can be downloaded for a while."""

    event_type = events.ISO_EXTRACT
    object_name = "iso"

    image = Ref("id", Iso, select_related=["domain"], required=True, help="the ISO")
    zone = Ref("zoneid", Zone, help="the zone that it is fetched from")

    def execute(self) -> AsyncJob:
        return DownloadManager().extract_image(caller=self.caller, image=self.image, zone=self.zone)


class ExtractVolume(ExtractCmd):
    """Copies a volume that no running machine uses, and gives out an address to download the copy from."""

    event_type = events.VOLUME_EXTRACT
    object_name = "volume"

    volume = Ref(
        "id",
        Volume,
        access=Access.OPERATE,
        select_related=["template__domain", "pool"],
        required=True,
        help="the volume",
    )
    zone = Ref("zoneid", Zone, required=True, help="its zone")

    def execute(self) -> AsyncJob:
        return DownloadManager().extract_volume(caller=self.caller, volume=self.volume, zone=self.zone)


def address_result(job: Any, object_name: str) -> dict[str, Any] | None:
    """Rendered when it is read: the job holds no address, and one that has expired is not shown."""
    tickets = DownloadTicket.objects.select_related("image__account", "volume__account", "store__zone")
    ticket = tickets.filter(uuid=(job.result or {}).get("ticket"), ready=True).first()
    return {object_name: shown(ticket)} if ticket is not None else None


def shown(ticket: DownloadTicket) -> dict[str, Any]:
    source: Any = ticket.image or ticket.volume
    body = {
        "id": str(source.uuid),
        "name": source.name,
        "extractId": str(ticket.uuid),
        "accountid": str(source.account.uuid),
        "created": format_date(ticket.created),
        "state": "DOWNLOAD_URL_CREATED",
        "status": "Download URL created",
        "resultstring": f"usable until {format_date(ticket.expires)}",
        "storagetype": ticket.store.provider,
        "extractMode": MODE,
        "uploadpercentage": 100,
        "url": address_of(ticket),
    }
    zone = ticket.store.zone
    return {**body, "zoneid": str(zone.uuid), "zonename": zone.name} if zone is not None else body
