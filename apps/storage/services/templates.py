"""Templates and ISOs: register, import, change, delete. Downloads and checks happen in jobs."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.infrastructure.models import Zone
from apps.metadata.services.details import replaced
from apps.storage import events
from apps.storage.checksum import parse_checksum
from apps.storage.models import (
    ISO,
    GuestOs,
    ImageStore,
    StoragePool,
    Template,
    TemplateStoreRef,
    TemplateZone,
    Volume,
)
from apps.storage.selectors import ready_in_zone
from apps.storage.services import staging
from apps.storage.services.attachments import machines_with
from apps.storage.services.downloads import locks_of_idle
from apps.storage.services.state_machines import TEMPLATE_FSM
from apps.storage.services.template_request import (
    TemplateRequest,
    check_rights,
    known_format,
    known_hypervisor,
    stores_for,
)
from apps.storage.services.volume_uploads import bring_volume, follow
from apps.storage.states import PoolState, StoreState, TemplateState, TemplateType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.safe_fetch import check_url


class TemplateManager:
    """What users and operators do with templates."""

    @transaction.atomic
    def register(self, *, caller: Caller, request: TemplateRequest, url: str) -> tuple[Template, AsyncJob]:
        """A template from ``url``, downloaded and checked by its job.

        An address that nobody may be sent to is refused here when it can be seen, else when it is fetched.
        """
        check_url(url, staging.fetch_policy())
        template = self._new(caller, request, TemplateState.CREATING, url=url)
        return template, self._bring(caller, template, "url")

    @transaction.atomic
    def import_file(self, *, caller: Caller, request: TemplateRequest, path: Path) -> tuple[Template, AsyncJob]:
        """A built-in template from a file of this machine; for root admins at set-up, behind no API.

        ``path`` is copied.
        """
        if not (caller.is_root_admin or caller.is_system):
            raise PermissionDenied("Only root admins import files of the portal's machine")
        template = self._new(caller, replace(request, kind=TemplateType.BUILTIN), TemplateState.UPLOADING)
        staged = staging.upload_file(template)
        part = staged.with_suffix(".copy")
        shutil.copyfile(path, part)
        os.replace(part, staged)
        return template, self._bring(caller, template, "upload")

    @transaction.atomic
    def expect_upload(self, *, caller: Caller, request: TemplateRequest) -> Template:
        """A template, or a volume's data, whose file its owner will send; see ``UploadManager``."""
        if len(request.zones) != 1:
            raise InvalidParameter("an upload goes to one zone", parameter="zoneid")
        return self._new(caller, request, TemplateState.NOT_UPLOADED)

    @transaction.atomic
    def upload_received(self, *, caller: Caller | None, template: Template) -> AsyncJob:
        """The file is complete in the staging folder: check it and put it away."""
        TEMPLATE_FSM.fire(template, "upload_received")
        if template.type == TemplateType.VOLUME:
            return bring_volume(caller, follow(template, "upload_received"), "upload")
        return self._bring(caller, template, "upload")

    @transaction.atomic
    def create_from_volume(
        self, *, caller: Caller, request: TemplateRequest, volume: Volume
    ) -> tuple[Template, AsyncJob]:
        """A template of what a volume holds. Raises ``ResourceInUse`` while a machine runs with it."""
        locks = locks_of_idle(volume, "made a template")
        pool = volume.pool
        if pool is None:
            raise InvalidParameter(f"volume {volume} is on no pool", parameter="volumeid")
        request = replace(request, zones=[volume.zone], hypervisor=pool.hypervisor, format=volume.format, store=None)
        template = self._new(caller, request, TemplateState.CREATING, source_template=volume.template)
        job = dispatch(
            "storage.template.create",
            caller=caller,
            exclusive=[*locks, f"template:{template.uuid}"],
            resource=template,
            arguments={"template_uuid": str(template.uuid), "volume_uuid": str(volume.uuid), "source": "volume"},
            description=f"making template {template.name} of volume {volume.name}",
            event_type=events.TEMPLATE_CREATE,
        )
        return template, job

    @transaction.atomic
    def prepare(self, *, caller: Caller, template: Template, zone: Zone, pool: StoragePool | None = None) -> AsyncJob:
        """Copy a template to ``pool``, or to every pool of ``zone`` whose hosts run it, before it is needed."""
        if not ready_in_zone(template, zone):
            raise InvalidParameter(f"template {template} is not ready for use in zone {zone}", parameter="templateid")
        pools = StoragePool.objects.filter(zone=zone, state=PoolState.UP, hypervisor=template.hypervisor)
        if pool is not None:
            pools = pools.filter(pk=pool.pk)
        uuids = [str(uuid) for uuid in pools.order_by("pk").values_list("uuid", flat=True)]
        if not uuids:
            raise InvalidParameter(
                f"no storage pool of zone {zone} that is Up is for {template.hypervisor}",
                parameter="storageid" if pool is not None else "zoneid",
            )
        return dispatch(
            "storage.template.prepare",
            caller=caller,
            shared=[f"template:{template.uuid}"],
            resource=template,
            arguments={"template_uuid": str(template.uuid), "pool_uuids": uuids},
            description=f"copying template {template.name} to {len(uuids)} pools",
        )

    @transaction.atomic
    def copy(
        self, *, caller: Caller, template: Template, zones: Sequence[Zone], source: Zone | None = None
    ) -> AsyncJob:
        """Bring an image that is ready to further zones; what they have already is left alone.

        The copies count against the owner's secondary storage. Raises ``InvalidParameter``, ``LimitExceeded``.
        """
        what = noun(template)
        if template.state != TemplateState.ACTIVE:
            raise InvalidParameter(f"{what} {template} is {template.state}, not ready for use", parameter="id")
        if template.is_cross_zone:
            raise InvalidParameter(f"{what} {template} is in every zone already", parameter="destzoneids")
        there = set(template.template_zones.values_list("zone", flat=True))
        if source is not None and source.pk not in there:
            raise InvalidParameter(f"{what} {template} is not in zone {source}", parameter="sourcezoneid")
        wanted = [zone for zone in zones if zone.pk not in there]
        if not wanted:
            raise InvalidParameter(f"{what} {template} is in all these zones already", parameter="destzoneids")
        stores = stores_for(TemplateRequest(owner=template.account, name=template.name, format="", zones=wanted))
        held = set(template.store_refs.exclude(state=StoreState.DESTROYED).values_list("store", flat=True))
        new = [store for store in stores if store.pk not in held]
        amount = template.physical_size_bytes * len(new)
        LimitManager().reserve(template.account, {ResourceType.SECONDARY_STORAGE: amount})
        TemplateStoreRef.objects.bulk_create(TemplateStoreRef(template=template, store=store) for store in new)
        return dispatch(
            "storage.template.copy",
            caller=caller,
            exclusive=[f"template:{template.uuid}"],
            resource=template,
            arguments={
                "template_uuid": str(template.uuid),
                "zone_uuids": [str(zone.uuid) for zone in wanted],
                "store_uuids": [str(store.uuid) for store in new],
            },
            description=f"copying {what} {template.name} to {', '.join(str(zone) for zone in wanted)}",
            event_type=events.ISO_COPY if template.is_iso else events.TEMPLATE_COPY,
        )

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        template: Template,
        guest_os: GuestOs | None = None,
        details: Mapping[str, str] | None = None,
        clean_details: bool = False,
        **changes: Any,
    ) -> Template:
        """Change texts, flags and details; ``changes`` are fields of the model, None leaves one as it is."""
        fields = {name: value for name, value in changes.items() if value is not None}
        if "name" in fields and not fields["name"].strip():
            raise InvalidParameter("name is empty", parameter="name")
        for operators_only, wire in (("tag", "templatetag"), ("sort_key", "sortkey"), ("type", "templatetype")):
            if operators_only in fields and not caller.is_root_admin:
                raise PermissionDenied(f"Only root admins change {wire}", parameter=wire)
        if guest_os is not None:
            fields["guest_os"] = guest_os
        if details is not None and clean_details:
            raise InvalidParameter("give details or cleanupdetails, not both", parameter="cleanupdetails")
        if details is not None or clean_details:
            fields["details"] = replaced(template, details or {}, caller=caller)
        if fields:
            Template.objects.filter(pk=template.pk).update(**fields)
            template.refresh_from_db()
            kind = events.ISO_UPDATE if template.is_iso else events.TEMPLATE_UPDATE
            publish(kind, caller=caller, description=f"changed {noun(template)} {template}", resource=template)
        return template

    @transaction.atomic
    def delete(self, *, caller: Caller, template: Template, zone: Zone | None = None) -> AsyncJob:
        """Nobody can use it from now on; its files go in a job. Machines made from it keep theirs.

        With ``zone`` it goes from there alone, if it is in others too. Raises ``ResourceInUse`` for a disc in a
        machine's drive.
        """
        if template.type == TemplateType.SYSTEM:
            raise InvalidParameter(f"template {template} belongs to the platform", parameter="id")
        if zone is not None and not self._only_in(template, zone):
            return self._leave(caller, template, zone)
        machines = machines_with(template)
        if machines:
            raise ResourceInUse(
                f"ISO {template} is in the drive of machine {machines[0]}; detach it first", parameter="id"
            )
        TEMPLATE_FSM.fire(template, "destroy_requested")
        return dispatch(
            "storage.template.delete",
            caller=caller,
            exclusive=[f"template:{template.uuid}"],
            resource=template,
            arguments={"template_uuid": str(template.uuid)},
            description=f"deleting {noun(template)} {template.name}",
            event_type=_deletion_event(template),
        )

    def _only_in(self, template: Template, zone: Zone) -> bool:
        zones = set(template.template_zones.values_list("zone", flat=True))
        if template.is_cross_zone or zone.pk not in zones:
            where = "in every zone" if template.is_cross_zone else f"not in zone {zone}"
            raise InvalidParameter(f"{noun(template)} {template} is {where}; leave zoneid out", parameter="zoneid")
        return zones == {zone.pk}

    def _leave(self, caller: Caller, template: Template, zone: Zone) -> AsyncJob:
        """Nobody finds it in ``zone`` from now on; the file goes from the zone's store if another one keeps it."""
        TemplateZone.objects.filter(template=template, zone=zone).delete()
        return dispatch(
            "storage.template.leave_zone",
            caller=caller,
            exclusive=[f"template:{template.uuid}"],
            resource=template,
            arguments={"template_uuid": str(template.uuid), "zone_uuid": str(zone.uuid)},
            description=f"deleting {noun(template)} {template.name} from zone {zone}",
            event_type=_deletion_event(template),
        )

    def data_of_volume(self, *, caller: Caller, request: TemplateRequest, url: str) -> Template:
        """The file at ``url`` for a volume, still to be brought by the volume's job."""
        check_url(url, staging.fetch_policy())
        return self._new(caller, replace(request, kind=TemplateType.VOLUME), TemplateState.CREATING, url=url)

    def _new(self, caller: Caller, request: TemplateRequest, state: TemplateState, **extra: Any) -> Template:
        is_iso = request.format.upper() == ISO
        is_data = request.kind == TemplateType.VOLUME
        hypervisor = "" if is_iso or is_data else known_hypervisor(request.hypervisor)
        check_rights(caller, request)
        if request.checksum:
            parse_checksum(request.checksum)
        stores = stores_for(request)
        if not is_data:
            LimitManager().reserve(request.owner, {ResourceType.TEMPLATE: 1})
        template = Template.objects.create(
            account=request.owner,
            domain=request.owner.domain,
            name=request.name.strip(),
            display_text=request.display_text or request.name.strip(),
            hypervisor=hypervisor,
            format=ISO if is_iso else known_format(hypervisor, request.format),
            guest_os=request.guest_os,
            url=extra.get("url", ""),
            source_template=extra.get("source_template"),
            checksum=request.checksum,
            is_public=request.is_public,
            is_featured=request.is_featured,
            is_extractable=request.is_extractable,
            is_cross_zone=not request.zones,
            bootable=request.bootable,
            password_enabled=request.password_enabled,
            ssh_key_enabled=request.ssh_key_enabled,
            requires_hvm=request.requires_hvm,
            dynamically_scalable=request.dynamically_scalable,
            bits=request.bits,
            architecture=request.architecture,
            tag=request.tag,
            details=dict(request.details),
            type=request.kind,
            state=state,
        )
        _place(template, request, stores)
        if not is_data:
            kind = events.ISO_CREATE if is_iso else events.TEMPLATE_CREATE
            text = f"registered {noun(template)} {template}"
            publish(kind, caller=caller, description=text, resource=template, state="Created")
        return template

    def _bring(self, caller: Caller | None, template: Template, source: str) -> AsyncJob:
        return dispatch(
            "storage.template.register",
            caller=caller,
            exclusive=[f"template:{template.uuid}"],
            resource=template,
            arguments={"template_uuid": str(template.uuid), "source": source},
            description=f"bringing {noun(template)} {template.name}",
        )


def noun(template: Template) -> str:
    """What users call it."""
    return "ISO" if template.is_iso else "template"


def _deletion_event(template: Template) -> str:
    """None for the data of a volume: its owner never knew of an image."""
    if template.type == TemplateType.VOLUME:
        return ""
    return events.ISO_DELETE if template.is_iso else events.TEMPLATE_DELETE


def _place(template: Template, request: TemplateRequest, stores: list[ImageStore]) -> None:
    TemplateZone.objects.bulk_create(TemplateZone(template=template, zone=zone) for zone in request.zones)
    TemplateStoreRef.objects.bulk_create(TemplateStoreRef(template=template, store=store) for store in stores)
