"""Files on their way into an image store: downloads in progress and uploads. Named by the template's UUID."""

from pathlib import Path

from django.conf import settings

from apps.storage.config import DOWNLOAD_TIMEOUT, INTERNAL_SITES, MAX_TEMPLATE_SIZE
from apps.storage.models import Template
from cloudstack.framework.safe_fetch import FetchPolicy, parse_networks

GIB = 1 << 30


def staging_dir() -> Path:
    """Made when it is not there; only we may read it. Web and workers must see the same one."""
    folder = Path(settings.DATA_DIR) / "staging"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def upload_file(template: Template) -> Path:
    """Where a finished upload waits to be checked."""
    return staging_dir() / f"{template.uuid}.upload"


def download_file(template: Template, epoch: int) -> Path:
    """Each owner of the job writes to a file of its own: one that was thought dead cannot spoil another's."""
    return staging_dir() / f"{template.uuid}.{epoch}.part"


def clear(template: Template, *, but: Path | None = None) -> None:
    """Delete whatever is staged for the template."""
    for path in staging_dir().glob(f"{template.uuid}.*"):
        if path != but:
            path.unlink(missing_ok=True)


def max_image_bytes() -> int:
    return int(MAX_TEMPLATE_SIZE.value()) * GIB


def fetch_policy() -> FetchPolicy:
    """Bounds of a download as the operator's settings say."""
    return FetchPolicy(
        max_bytes=max_image_bytes(),
        allowed=parse_networks(INTERNAL_SITES.value()),
        total_timeout_s=float(DOWNLOAD_TIMEOUT.value()),
    )
