"""Commands that make templates of volumes, and bring images to zones and pools."""

from apps.accounts.api.owner import OwnedCmd
from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.api.commands.template import TemplateRef
from apps.storage.api.refused import Refused
from apps.storage.api.responses.template import IsoResponse, TemplateResponse
from apps.storage.models import GuestOs, Iso, StoragePool, Template, Volume
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseCmd,
    Flag,
    Int,
    Map,
    Ref,
    RefList,
    Str,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class CreateTemplate(OwnedCmd, BaseAsyncCreateCmd):
    """Makes a template of a volume that no running machine uses."""

    response = TemplateResponse
    event_type = events.TEMPLATE_CREATE

    volume = Ref(
        "volumeid",
        Volume,
        access=Access.OPERATE,
        select_related=["zone", "pool", "template", "account"],
        help="the volume",
    )
    snapshot = Refused("snapshotid")
    vm = Refused("virtualmachineid")
    url = Refused("url")
    image_name = Str("name", required=True, help="name of the template")
    display_text = Str("displaytext", max_length=4096, help="what it is")
    guest_os = Ref("ostypeid", GuestOs, required=True, help="guest operating system")
    public = Flag("ispublic", default=False, help="whether everybody may use it")
    featured = Flag("isfeatured", roles=ROOT, default=False, help="whether it is shown first")
    password_enabled = Flag("passwordenabled", default=False, help="whether guests can take a new password")
    ssh_key_enabled = Flag("sshkeyenabled", default=False, help="whether guests can take a new SSH key")
    requires_hvm = Flag("requireshvm", default=True, help="whether it needs hardware virtualisation")
    scalable = Flag("isdynamicallyscalable", default=False, help="whether its machines can grow while running")
    bits = Int("bits", default=64, help="32 or 64")
    arch = Str("arch", max_length=16, help="CPU architecture; that of the volume's template if left out")
    tag = Str("templatetag", roles=ROOT, help="tag of the hosts that run it")
    details = Map("details", help="options of its machines")
    zone = Ref("zoneid", Zone, help="zone of the volume; others are reached by copyTemplate")

    def execute(self) -> tuple[Template, AsyncJob]:
        if self.volume is None:
            raise InvalidParameter("give volumeid", parameter="volumeid")
        if self.zone is not None and self.zone.pk != self.volume.zone_id:
            raise InvalidParameter(f"volume {self.volume} is not in zone {self.zone}", parameter="zoneid")
        origin = self.volume.template
        request = TemplateRequest(
            owner=self.owner(),
            name=self.image_name,
            display_text=self.display_text or "",
            format="",
            guest_os=self.guest_os,
            is_public=self.public,
            is_featured=self.featured,
            password_enabled=self.password_enabled,
            ssh_key_enabled=self.ssh_key_enabled,
            requires_hvm=self.requires_hvm,
            dynamically_scalable=self.scalable,
            bits=self.bits,
            architecture=self.arch or (origin.architecture if origin is not None else "x86_64"),
            tag=self.tag or "",
            details=self.details or {},
        )
        return TemplateManager().create_from_volume(caller=self.caller, request=request, volume=self.volume)


class CopyImageCmd(BaseAsyncCmd):
    """The subclass declares ``image``."""

    abstract = True

    source = Ref("sourcezoneid", Zone, help="a zone that it is in")
    zone = Ref("destzoneid", Zone, help="the zone that it is brought to")
    zones = RefList("destzoneids", Zone, help="zones that it is brought to")

    def execute(self) -> AsyncJob:
        zones = [*([self.zone] if self.zone is not None else []), *(self.zones or [])]
        if not zones:
            raise InvalidParameter("give destzoneid or destzoneids", parameter="destzoneid")
        return TemplateManager().copy(caller=self.caller, template=self.image, zones=zones, source=self.source)


class CopyTemplate(CopyImageCmd):
    """Brings a template to further zones."""

    response = TemplateResponse
    event_type = events.TEMPLATE_COPY

    image = TemplateRef(
        "id", access=Access.MODIFY, select_related=["account__domain"], required=True, help="the template"
    )


class CopyIso(CopyImageCmd):
    """Brings an ISO to further zones."""

    response = IsoResponse
    event_type = events.ISO_COPY

    image = Ref("id", Iso, access=Access.MODIFY, select_related=["account__domain"], required=True, help="the ISO")


class PrepareTemplate(BaseCmd):
    """Has a template copied to the pools of a zone, so that its first machine need not wait; a job does it."""

    roles = ROOT
    response = TemplateResponse
    list_shaped = True

    zone = Ref("zoneid", Zone, required=True, help="the zone")
    image = TemplateRef("templateid", required=True, help="the template")
    pool = Ref("storageid", StoragePool, help="only to this pool")

    def execute(self) -> Template:
        TemplateManager().prepare(caller=self.caller, template=self.image, zone=self.zone, pool=self.pool)
        return self.image
