"""Commands that bring volumes: by address or by upload."""

from apps.accounts.api.owner import OwnedCmd
from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.api.commands.template_registration import UploadParametersResponse
from apps.storage.api.responses.volume import VolumeResponse
from apps.storage.models import DiskOffering, ImageStore
from apps.storage.services.volume_imports import BroughtVolume, VolumeImportManager
from cloudstack.api import BaseAsyncCmd, BaseCmd, Ref, Str
from cloudstack.framework.jobs import AsyncJob


class BroughtVolumeCmd(OwnedCmd):
    """What bringing by address and by upload have in common."""

    abstract = True

    volume_name = Str("name", required=True, help="name of the volume")
    image_format = Str("format", required=True, help="QCOW2 or RAW")
    zone = Ref("zoneid", Zone, required=True, help="the zone that it is for")
    checksum = Str("checksum", help="{SHA-256} and 64 hexadecimal digits; also MD5, SHA-1, SHA-512")
    offering = Ref("diskofferingid", DiskOffering, help="a custom disk offering")
    store = Ref("imagestoreuuid", ImageStore, help="image store that keeps it until it is attached; root admins only")

    def wanted(self) -> BroughtVolume:
        return BroughtVolume(
            owner=self.owner(),
            name=self.volume_name,
            zone=self.zone,
            format=self.image_format,
            checksum=self.checksum or "",
            offering=self.offering,
            store=self.store,
        )


class UploadVolume(BroughtVolumeCmd, BaseAsyncCmd):
    """Brings a volume from a web address: downloaded, checked, and put on a pool when it is attached."""

    response = VolumeResponse
    event_type = events.VOLUME_UPLOAD

    url = Str("url", required=True, max_length=2048, help="http:// or https:// address of the image")

    def execute(self) -> AsyncJob:
        return VolumeImportManager().upload(caller=self.caller, wanted=self.wanted(), url=self.url)


class GetUploadParamsForVolume(BroughtVolumeCmd, BaseCmd):
    """Makes a volume that waits for its file, and an address to which the file can be posted once."""

    response = UploadParametersResponse
    event_type = events.VOLUME_UPLOAD
    changes = True  # although it "gets"

    def execute(self) -> dict[str, str]:
        volume, prepared = VolumeImportManager().expect_upload(caller=self.caller, wanted=self.wanted())
        return {**prepared.shown(), "id": str(volume.uuid)}
