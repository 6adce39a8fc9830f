"""Intent on volumes that are brought: by address, or by an upload that is still to come."""

from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import Account
from apps.accounts.services.limits import LimitManager
from apps.infrastructure.models import Zone
from apps.infrastructure.states import AllocationState
from apps.storage.models import DiskOffering, ImageStore, Template, Volume
from apps.storage.services.template_request import TemplateRequest
from apps.storage.services.templates import TemplateManager
from apps.storage.services.uploads import UploadManager, UploadParameters
from apps.storage.services.volume_states import amounts_of
from apps.storage.services.volume_uploads import bring_volume
from apps.storage.services.volumes import check_offering
from apps.storage.states import TemplateType, VolumeState, VolumeType
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.jobs import AsyncJob

UNKNOWN_BYTES = 1
"""What a volume counts until its file was looked at."""


@dataclass(frozen=True, kw_only=True)
class BroughtVolume:
    """A volume that its owner brings."""

    owner: Account
    name: str
    zone: Zone
    format: str
    checksum: str = ""
    offering: DiskOffering | None = None
    store: ImageStore | None = None

    def request(self) -> TemplateRequest:
        return TemplateRequest(
            owner=self.owner,
            name=self.name,
            format=self.format,
            zones=[self.zone],
            checksum=self.checksum,
            bootable=False,
            kind=TemplateType.VOLUME,
            store=self.store,
        )


class VolumeImportManager:
    """A brought volume takes room on a pool when it is attached, as any other; its file waits in an image store."""

    @transaction.atomic
    def upload(self, *, caller: Caller, wanted: BroughtVolume, url: str) -> AsyncJob:
        """A volume from ``url``, downloaded and checked by its job."""
        self._check(caller, wanted)
        image = TemplateManager().data_of_volume(caller=caller, request=wanted.request(), url=url)
        return bring_volume(caller, self._new(wanted, image, VolumeState.UPLOAD_OP), "url")

    @transaction.atomic
    def expect_upload(self, *, caller: Caller, wanted: BroughtVolume) -> tuple[Volume, UploadParameters]:
        """A volume that waits for its file, and the address to send it to."""
        self._check(caller, wanted)
        prepared = UploadManager().prepare(caller=caller, request=wanted.request())
        return self._new(wanted, prepared.template, VolumeState.NOT_UPLOADED), prepared

    def _check(self, caller: Caller, wanted: BroughtVolume) -> None:
        if wanted.zone.allocation_state != AllocationState.ENABLED and not caller.is_root_admin:
            raise PermissionDenied(f"zone {wanted.zone} is disabled at the moment", parameter="zoneid")
        if wanted.offering is not None:
            check_offering(wanted.offering, wanted.zone)
            if not wanted.offering.is_custom:
                raise InvalidParameter(
                    f"disk offering {wanted.offering} fixes the size, which the file says: take a custom one",
                    parameter="diskofferingid",
                )

    def _new(self, wanted: BroughtVolume, image: Template, state: VolumeState) -> Volume:
        LimitManager().reserve(wanted.owner, amounts_of(UNKNOWN_BYTES))
        return Volume.objects.create(
            account=wanted.owner,
            domain=wanted.owner.domain,
            name=wanted.name.strip(),
            type=VolumeType.DATADISK,
            size_bytes=UNKNOWN_BYTES,
            zone=wanted.zone,
            format=image.format.lower(),
            disk_offering=wanted.offering,
            source_image=image,
            state=state,
        )
