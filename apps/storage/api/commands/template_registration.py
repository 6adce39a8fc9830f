"""Commands that bring new templates and ISOs: by address or by upload."""

from typing import Any

from apps.accounts.api.owner import OwnedCmd
from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.api.refused import Refused, RefusedFlag
from apps.storage.api.responses.template import IsoResponse, TemplateResponse
from apps.storage.models import ISO, GuestOs, ImageStore, Template
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.services.uploads import UploadManager
from apps.storage.states import SHOWN_TYPES, TemplateType
from cloudstack.api import ROOT, BadValue, Choice, Field, Flag, Int, Map, Ref, RefList, Response, Str
from cloudstack.framework.errors import InvalidParameter

ALL_ZONES = "-1"


class IsoFormat(Str):
    """Clients send it; there is one."""

    def cast(self, text: str) -> str:
        if text.upper() != ISO:
            raise BadValue("the format of an ISO is ISO")
        return ISO


class NewImageCmd(OwnedCmd):
    """What registering and uploading have in common, of templates and of ISOs."""

    abstract = True

    image_name = Str("name", required=True, help="name of the image")
    display_text = Str("displaytext", max_length=4096, help="what it is")
    guest_os = Ref("ostypeid", GuestOs, help="guest operating system")
    checksum = Str("checksum", help="{SHA-256} and 64 hexadecimal digits; also MD5, SHA-1, SHA-512")
    public = Flag("ispublic", default=False, help="whether everybody may use it")
    featured = Flag("isfeatured", roles=ROOT, default=False, help="whether it is shown first")
    extractable = Flag("isextractable", default=False, help="whether it can be downloaded")

    def request(self, zones: list[Zone], **more: Any) -> TemplateRequest:
        return TemplateRequest(
            owner=self.owner(),
            name=self.image_name,
            display_text=self.display_text or "",
            zones=zones,
            guest_os=self.guest_os,
            checksum=self.checksum or "",
            is_public=self.public,
            is_featured=self.featured,
            is_extractable=self.extractable,
            **{**self.more(), **more},
        )

    def more(self) -> dict[str, Any]:
        """Fields of the request that only one kind of image has."""
        raise NotImplementedError


class NewTemplateCmd(NewImageCmd):
    abstract = True

    image_format = Str("format", required=True, help="QCOW2 or RAW")
    hypervisor = Str("hypervisor", required=True, help="hypervisor that runs it")
    password_enabled = Flag("passwordenabled", default=False, help="whether guests can take a new password")
    ssh_key_enabled = Flag("sshkeyenabled", default=False, help="whether guests can take a new SSH key")
    requires_hvm = Flag("requireshvm", default=True, help="whether it needs hardware virtualisation")
    scalable = Flag("isdynamicallyscalable", default=False, help="whether its machines can grow while running")
    bits = Int("bits", default=64, help="32 or 64")
    arch = Str("arch", default="x86_64", max_length=16, help="CPU architecture")
    tag = Str("templatetag", roles=ROOT, help="tag of the hosts that run it")
    kind = Choice("templatetype", SHOWN_TYPES, roles=ROOT, help="USER (if left out), BUILTIN or SYSTEM")
    details = Map("details", help="options of its machines")
    routing = RefusedFlag("isrouting")
    as_is = RefusedFlag("deployasis")
    kubernetes = RefusedFlag("forcks")

    def more(self) -> dict[str, Any]:
        if self.image_format.upper() == ISO:
            raise InvalidParameter("format ISO is for registerIso and getUploadParamsForIso", parameter="format")
        return {
            "hypervisor": self.hypervisor,
            "format": self.image_format,
            "password_enabled": self.password_enabled,
            "ssh_key_enabled": self.ssh_key_enabled,
            "requires_hvm": self.requires_hvm,
            "dynamically_scalable": self.scalable,
            "bits": self.bits,
            "architecture": self.arch,
            "tag": self.tag or "",
            "kind": TemplateType(self.kind or TemplateType.USER),
            "details": self.details or {},
        }


class NewIsoCmd(NewImageCmd):
    abstract = True

    bootable = Flag("bootable", default=True, help="whether machines boot from it")

    def more(self) -> dict[str, Any]:
        return {"format": ISO, "bootable": self.bootable}


class RegisterTemplate(NewTemplateCmd):
    """Registers a template from a web address; a job downloads and checks it. Its status tells how that goes."""

    response = TemplateResponse
    event_type = events.TEMPLATE_CREATE
    list_shaped = True

    url = Str("url", required=True, max_length=2048, help="http:// or https:// address of the image")
    zone = Ref("zoneid", Zone, also=[ALL_ZONES], help="the zone that it is for; -1 for all")
    zones = RefList("zoneids", Zone, help="zones that it is for; not with zoneid")
    direct = RefusedFlag("directdownload")
    extension = Refused("extensionid")

    def execute(self) -> Template:
        if self.zone is not None and self.zones:
            raise InvalidParameter("give zoneid or zoneids, not both", parameter="zoneids")
        if self.zone is None and not self.zones:
            raise InvalidParameter("give zoneid, -1 for all zones, or zoneids", parameter="zoneid")
        zones = self.zones or ([] if self.zone == ALL_ZONES else [self.zone])
        template, _ = TemplateManager().register(caller=self.caller, request=self.request(zones), url=self.url)
        return template


class RegisterIso(NewIsoCmd):
    """Registers an ISO from a web address; a job downloads and checks it. Its status tells how that goes."""

    response = IsoResponse
    event_type = events.ISO_CREATE
    list_shaped = True

    url = Str("url", required=True, max_length=2048, help="http:// or https:// address of the disc")
    zone = Ref("zoneid", Zone, also=[ALL_ZONES], required=True, help="the zone that it is for; -1 for all")
    store = Ref("imagestoreuuid", ImageStore, help="image store that keeps it; root admins only")
    password_enabled = Flag("passwordenabled", default=False, help="whether its systems can take a new password")
    scalable = Flag("isdynamicallyscalable", default=False, help="whether its machines can grow while running")
    arch = Str("arch", default="x86_64", max_length=16, help="CPU architecture")
    direct = RefusedFlag("directdownload")

    def execute(self) -> Template:
        request = self.request(
            [] if self.zone == ALL_ZONES else [self.zone],
            store=self.store,
            password_enabled=self.password_enabled,
            dynamically_scalable=self.scalable,
            architecture=self.arch,
        )
        iso, _ = TemplateManager().register(caller=self.caller, request=request, url=self.url)
        return iso


class UploadParametersResponse(Response):
    object_name = "getuploadparams"

    id = Field(help="UUID of the object that waits for its file")
    postURL = Field(help="where the file is posted to")
    metadata = Field(help="to be sent as the header X-metadata")
    expires = Field(help="until when the address works; to be sent as X-expires")
    signature = Field(help="to be sent as X-signature")


class UploadCmd(NewImageCmd):
    abstract = True
    response = UploadParametersResponse
    zone: Any

    def execute(self) -> dict[str, Any]:
        return UploadManager().prepare(caller=self.caller, request=self.request([self.zone])).shown()


class GetUploadParamsForTemplate(UploadCmd, NewTemplateCmd):
    """Makes a template that waits for its file, and an address to which the file can be posted once."""

    changes = True  # although it "gets"
    event_type = events.TEMPLATE_UPLOAD

    zone = Ref("zoneid", Zone, required=True, help="the zone that it is for")


class GetUploadParamsForIso(UploadCmd, NewIsoCmd):
    """Makes an ISO that waits for its file, and an address to which the file can be posted once."""

    changes = True  # although it "gets"
    event_type = events.ISO_UPLOAD

    image_format = IsoFormat("format", required=True, help="ISO")
    zone = Ref("zoneid", Zone, required=True, help="the zone that it is for")
