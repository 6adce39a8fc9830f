"""Operator settings of storage."""

import os

from cloudstack.framework.configuration import ConfigKey, Scope
from cloudstack.framework.safe_fetch import parse_networks


def _networks(text: str) -> None:
    parse_networks(text)


STORAGE_OVERPROVISIONING = ConfigKey(
    "storage.overprovisioning.factor",
    float,
    2.0,
    scope=Scope.POOL,
    minimum=0.1,
    maximum=64,
    description="How many bytes may be promised to volumes for each byte that a pool has (volumes are thin).",
    category="Capacity",
)
POOL_USED_THRESHOLD = ConfigKey(
    "pool.storage.capacity.disablethreshold",
    float,
    0.85,
    scope=Scope.POOL,
    minimum=0.01,
    maximum=1,
    description="Share of a pool that may really be in use before no further volume is placed on it.",
    category="Capacity",
)
POOL_ALLOCATED_THRESHOLD = ConfigKey(
    "pool.storage.allocated.capacity.disablethreshold",
    float,
    0.85,
    scope=Scope.POOL,
    minimum=0.01,
    maximum=1,
    description="Share of a pool's size times its over-provisioning that is promised to volumes at most.",
    category="Capacity",
)
POOL_USED_NOTICE = ConfigKey(
    "cluster.storage.capacity.notificationthreshold",
    float,
    0.75,
    minimum=0,
    maximum=1,
    description="Share of a pool that may really be in use before lists of metrics mark it.",
    category="Capacity",
)
POOL_ALLOCATED_NOTICE = ConfigKey(
    "cluster.storage.allocated.capacity.notificationthreshold",
    float,
    0.75,
    minimum=0,
    maximum=1,
    description="Share of a pool's size times its over-provisioning that may be promised before metrics mark it.",
    category="Capacity",
)
POOL_MAINTENANCE_TIMEOUT = ConfigKey(
    "storage.pool.maintenance.timeout",
    int,
    3600,
    minimum=10,
    description="Seconds that machines have to stop when their storage pool goes into maintenance, and to come back.",
    category="Storage",
)
CUSTOM_DISK_MIN = ConfigKey(
    "custom.diskoffering.size.min",
    int,
    1,
    minimum=1,
    description="Smallest size in GiB of a volume made from a custom disk offering.",
    category="Storage",
)
CUSTOM_DISK_MAX = ConfigKey(
    "custom.diskoffering.size.max",
    int,
    1024,
    minimum=1,
    description="Largest size in GiB of a volume made from a custom disk offering.",
    category="Storage",
)
MAX_VOLUME_SIZE = ConfigKey(
    "storage.max.volume.size",
    int,
    2000,
    minimum=1,
    description="Largest size in GiB of any volume.",
    category="Storage",
)
CLEANUP_INTERVAL = ConfigKey(
    "storage.cleanup.interval",
    int,
    86400,
    minimum=60,
    description="Seconds that a cached template stays on a pool after its last use once the template is deleted.",
    category="Storage",
)
VOLUME_EXPUNGE_DELAY = ConfigKey(
    "volume.expunge.delay",
    int,
    86400,
    minimum=0,
    description="Seconds a destroyed volume is kept, and can be recovered, before it is expunged.",
    category="Storage",
)
USERS_EXPUNGE_VOLUMES = ConfigKey(
    "allow.user.expunge.recover.volume",
    bool,
    True,
    scope=Scope.ACCOUNT,
    description="Whether users may expunge their volumes at once and recover destroyed ones.",
    category="Storage",
)
USERS_SHARE_TEMPLATES = ConfigKey(
    "allow.public.user.templates",
    bool,
    True,
    scope=Scope.ACCOUNT,
    description="Whether users may make their templates public.",
    category="Templates",
)
INTERNAL_SITES = ConfigKey(
    "secstorage.allowed.internal.sites",
    str,
    "",
    description="Networks (comma list of CIDRs) that templates may be downloaded from although they are not public.",
    category="Templates",
    check=_networks,
)
MAX_TEMPLATE_SIZE = ConfigKey(
    "max.template.iso.size",
    int,
    50,
    minimum=1,
    description="Largest size in GiB of an image, both of its file and of the disk that it describes.",
    category="Templates",
)
DOWNLOAD_TIMEOUT = ConfigKey(
    "template.download.timeout",
    int,
    14400,
    minimum=10,
    description="Seconds that the download of a template may take.",
    category="Templates",
)
UPLOAD_VALIDITY = ConfigKey(
    "upload.operation.timeout",
    int,
    10,
    minimum=1,
    description="Minutes for which the address that an image is uploaded to can be used.",
    category="Templates",
)
DOWNLOAD_VALIDITY = ConfigKey(
    "extract.url.expiration.interval",
    int,
    14400,
    minimum=60,
    description="Seconds for which the address of a download can be used.",
    category="Templates",
)
ENDPOINT_URL = ConfigKey(
    "endpoint.url",
    str,
    f"http://localhost:{os.environ.get('PORT', '8000')}/client/api",
    description="Address of the API as clients reach it; addresses of uploads and downloads are made from it.",
    category="Advanced",
)
