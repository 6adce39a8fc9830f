"""Uploads of images: an address that works once, for a while, for whoever holds its signature."""

import base64
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.storage.config import ENDPOINT_URL, UPLOAD_VALIDITY
from apps.storage.events import ISO_UPLOAD, TEMPLATE_UPLOAD
from apps.storage.models import Template, UploadTicket
from apps.storage.services import staging
from apps.storage.services.state_machines import TEMPLATE_FSM
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager, noun
from apps.storage.services.volume_uploads import follow
from apps.storage.states import TemplateState, TemplateType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob

SALT = "storage.upload"
REFUSED = "this upload address is not valid: it is unknown, used, expired or its signature is wrong"


@dataclass(frozen=True, kw_only=True)
class UploadParameters:
    """What the uploading client needs: it posts the file to ``url`` with the three others as headers."""

    template: Template
    url: str
    metadata: str
    expires: str
    signature: str

    def shown(self) -> dict[str, str]:
        """The answer on the wire."""
        return {
            "id": str(self.template.uuid),
            "postURL": self.url,
            "metadata": self.metadata,
            "expires": self.expires,
            "signature": self.signature,
        }


class UploadManager:
    """Gives out upload addresses and takes what is sent to them."""

    @transaction.atomic
    def prepare(self, *, caller: Caller, request: TemplateRequest) -> UploadParameters:
        """A template that waits for its file, and the address to send it to."""
        template = TemplateManager().expect_upload(caller=caller, request=request)
        expires = timezone.now() + timedelta(minutes=UPLOAD_VALIDITY.value())
        ticket = UploadTicket.objects.create(template=template, expires=expires)
        metadata = base64.b64encode(json.dumps({"templateid": str(template.uuid)}).encode()).decode()
        moment = _text(expires)
        return UploadParameters(
            template=template,
            url=f"{ENDPOINT_URL.value().rstrip('/').removesuffix('/client/api')}/upload/{ticket.uuid}",
            metadata=metadata,
            expires=moment,
            signature=_signature(str(ticket.uuid), metadata, moment),
        )

    def claim(self, *, caller: None, ticket_uuid: str, metadata: str, expires: str, signature: str) -> Template:
        """Use the ticket up. Nobody is logged in here: the signature stands for who asked for the address.

        Raises ``PermissionDenied``, with one text for every reason.
        """
        expected = _signature(ticket_uuid, metadata, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise PermissionDenied(REFUSED)
        now = timezone.now()
        rows = UploadTicket.objects.filter(
            uuid=ticket_uuid,
            claimed__isnull=True,
            expires__gt=now,
            template__state=TemplateState.NOT_UPLOADED,
            template__removed__isnull=True,
        )
        if rows.update(claimed=now) != 1:
            raise PermissionDenied(REFUSED)
        return Template.objects.select_related("account__domain").get(upload_ticket__uuid=ticket_uuid)

    def receive(self, *, caller: None, template: Template, chunks: Iterable[bytes]) -> AsyncJob:
        """Write the file as it comes, then have it checked. Raises ``CloudError``; the template then says why."""
        target = staging.upload_file(template)
        part = target.with_suffix(".incoming")
        try:
            _write(part, chunks, staging.max_image_bytes())
            os.replace(part, target)
            with transaction.atomic():
                job = TemplateManager().upload_received(caller=None, template=template)
                text = f"uploaded the file of {noun(template)} {template}"
                kind = ISO_UPLOAD if template.is_iso else TEMPLATE_UPLOAD
                publish(kind, description=text, resource=template, job_uuid=job.uuid)
            return job
        except BaseException as error:
            part.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
            self._refuse(template, error)
            raise

    def _refuse(self, template: Template, error: BaseException) -> None:
        reason = error.message if isinstance(error, CloudError) else "the upload broke off"
        with transaction.atomic():
            template.refresh_from_db()
            if template.state == TemplateState.NOT_UPLOADED:
                TEMPLATE_FSM.fire(template, "failed", error=reason[:1024])
                if template.type == TemplateType.VOLUME:
                    follow(template, "failed")


def abandon_expired() -> int:
    """Templates whose upload never came say so; answers how many. For the sweep."""
    late = timezone.now() - timedelta(hours=1)
    tickets = UploadTicket.objects.filter(expires__lt=late, template__state=TemplateState.NOT_UPLOADED)
    count = 0
    for ticket in tickets.select_related("template"):
        with transaction.atomic():
            TEMPLATE_FSM.fire(ticket.template, "abandoned", error="nothing was uploaded in time")
            if ticket.template.type == TemplateType.VOLUME:
                follow(ticket.template, "abandoned")
        staging.clear(ticket.template)
        count += 1
    return count


def _write(part: Path, chunks: Iterable[bytes], limit: int) -> None:
    size = 0
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise InvalidParameter(f"the file has more than the {limit >> 30} GiB that are allowed")
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise InvalidParameter("the upload holds no file")


def _signature(ticket_uuid: str, metadata: str, expires: str) -> str:
    text = "\n".join((ticket_uuid, metadata, expires))
    return base64.b64encode(salted_hmac(SALT, text, algorithm="sha256").digest()).decode()


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")
