"""Downloads: an address that works for a while for whoever holds it, of a file in an image store."""

import hmac
import re
import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.config import DOWNLOAD_VALIDITY, ENDPOINT_URL
from apps.storage.models import DownloadTicket, ImageStore, Template, TemplateStoreRef, Volume
from apps.storage.selectors import image_stores_of_zone, ready_in_zone
from apps.storage.services.attachments import machine_of
from apps.storage.states import StoreState, TemplateState, VolumeState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse, ResourceUnavailable
from cloudstack.framework.jobs import AsyncJob, dispatch

SALT = "storage.download"
REFUSED = "this download address is not valid: it is unknown, expired or its signature is wrong"


class DownloadManager:
    """Gives out addresses and answers what lies behind them."""

    @transaction.atomic
    def extract_image(self, *, caller: Caller, image: Template, zone: Zone | None = None) -> AsyncJob:
        """An address for the file of a template or an ISO that its owner let be downloaded."""
        if not _may_download(caller, image):
            raise PermissionDenied(f"{image} is not to be downloaded", parameter="id")
        if image.state != TemplateState.ACTIVE:
            raise InvalidParameter(f"{image} is {image.state}, not ready for use", parameter="id")
        if zone is not None and not ready_in_zone(image, zone):
            raise InvalidParameter(f"{image} is not in zone {zone}", parameter="zoneid")
        copies = TemplateStoreRef.objects.filter(template=image, state=StoreState.READY, store__removed__isnull=True)
        found = sorted(copies.select_related("store"), key=lambda ref: (zone and ref.store.zone_id != zone.pk, ref.pk))
        if not found:
            raise ResourceUnavailable(f"no image store holds {image}")
        return self._extract(caller, image, found[0].store)

    def _extract(self, caller: Caller, image: Template, store: ImageStore) -> AsyncJob:
        ticket = self._ticket(store, image.name, image.format, image=image)
        # Whoever may use the image of another asks for an address of his own.
        stranger = not caller.is_admin and image.account_id not in caller.account_ids
        return dispatch(
            "storage.template.extract",
            caller=caller,
            shared=[f"template:{image.uuid}"],
            resource=image,
            account_uuid=caller.account_uuid if stranger else None,
            arguments={"template_uuid": str(image.uuid), "ticket_uuid": str(ticket.uuid)},
            description=f"giving out an address for {image.name}",
            event_type=events.ISO_EXTRACT if image.is_iso else events.TEMPLATE_EXTRACT,
        )

    @transaction.atomic
    def extract_object(self, *, caller: Caller, store: ImageStore, name: str) -> AsyncJob:
        """An address for a file of a store, for operators; only images that are kept there have one."""
        here = TemplateStoreRef.objects.filter(store=store, state=StoreState.READY, template__removed__isnull=True)
        ref = here.filter(template__uuid=name).select_related("template").first() if is_uuid(name) else None
        if ref is None:
            raise InvalidParameter(f"image store {store} keeps no file {name!r}", parameter="path")
        return self._extract(caller, ref.template, store)

    @transaction.atomic
    def extract_volume(self, *, caller: Caller, volume: Volume, zone: Zone) -> AsyncJob:
        """An address for a copy of the volume's data, which its job makes. Raises ``ResourceInUse`` while it runs."""
        if volume.zone_id != zone.pk:
            raise InvalidParameter(f"volume {volume} is not in zone {zone}", parameter="zoneid")
        if volume.template is not None and not _may_download(caller, volume.template):
            raise PermissionDenied(
                f"volume {volume} is made of template {volume.template}, which is not to be downloaded", parameter="id"
            )
        locks = locks_of_idle(volume, "downloaded")
        store = image_stores_of_zone(zone).first()
        if store is None:
            raise ResourceUnavailable(f"zone {zone} has no image store that the volume could be copied to")
        ticket = self._ticket(store, volume.name, volume.format, volume=volume)
        return dispatch(
            "storage.volume.extract",
            caller=caller,
            exclusive=locks,
            resource=volume,
            arguments={"volume_uuid": str(volume.uuid), "ticket_uuid": str(ticket.uuid)},
            description=f"copying volume {volume.name} for its download",
            event_type=events.VOLUME_EXTRACT,
        )

    def open(self, *, caller: None, ticket_uuid: str, signature: str) -> DownloadTicket:
        """What the address stands for. Nobody is logged in here: the signature stands for who asked for it.

        Raises ``PermissionDenied``, with one text for every reason.
        """
        if not hmac.compare_digest(signature_of(ticket_uuid).encode(), signature.encode("utf-8", "replace")):
            raise PermissionDenied(REFUSED)
        ticket = (
            DownloadTicket.objects.select_related("image", "volume", "store__zone")
            .filter(uuid=ticket_uuid, ready=True, expires__gt=timezone.now(), store__removed__isnull=True)
            .first()
        )
        source = ticket and (ticket.image or ticket.volume)
        if ticket is None or source is None or source.removed is not None:
            raise PermissionDenied(REFUSED)
        return ticket

    def _ticket(self, store: ImageStore, name: str, kind: str, **source: object) -> DownloadTicket:
        expires = timezone.now() + timedelta(seconds=DOWNLOAD_VALIDITY.value())
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "image"
        return DownloadTicket.objects.create(
            store=store, file_name=f"{plain[:200]}.{kind.lower()}", expires=expires, **source
        )


def _may_download(caller: Caller, image: Template) -> bool:
    """Whether the image is open for it, or the caller administers the domain that it belongs to."""
    if image.is_extractable or caller.is_root_admin:
        return True
    return caller.is_domain_admin and image.domain.path.startswith(caller.domain_path)


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID as files in stores are named."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def address_of(ticket: DownloadTicket) -> str:
    """Made anew each time it is shown: neither the row nor the job holds the signature."""
    base = ENDPOINT_URL.value().rstrip("/").removesuffix("/client/api")
    return f"{base}/download/{ticket.uuid}/{signature_of(str(ticket.uuid))}/{ticket.file_name}"


def signature_of(ticket_uuid: str) -> str:
    return salted_hmac(SALT, ticket_uuid, algorithm="sha256").hexdigest()


def locks_of_idle(volume: Volume, what: str) -> list[str]:
    """What keeps a volume and its machine as they are while its data is copied.

    Raises ``InvalidParameter`` for one that is not made, ``ResourceInUse`` while a machine runs with it.
    """
    if volume.state != VolumeState.READY:
        raise InvalidParameter(f"volume {volume} is {volume.state}; only a Ready one is {what}", parameter="id")
    machine = machine_of(volume)
    if machine is not None and machine.running:
        raise ResourceInUse(f"machine {machine.name} runs with volume {volume}; stop it first", parameter="id")
    return [f"volume:{volume.uuid}"] + ([machine.lock] if machine else [])
