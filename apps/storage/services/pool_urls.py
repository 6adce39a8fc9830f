"""Where a pool is, as clients write it: ``sharedmountpoint://host/mnt/primary``, ``nfs://server/export``."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from apps.storage.states import PoolType
from cloudstack.framework.drivers import pool_types
from cloudstack.framework.errors import InvalidParameter

SCHEMES = {
    "sharedmountpoint": PoolType.SHARED_MOUNT_POINT,
    "filesystem": PoolType.FILESYSTEM,
    "file": PoolType.FILESYSTEM,
    "nfs": PoolType.NETWORK_FILESYSTEM,
    "networkfilesystem": PoolType.NETWORK_FILESYSTEM,
    "vmfs": PoolType.VMFS,
    "simulator": PoolType.SIMULATOR,
}
"""Types that have a word of their own; any other type of a plugin is written as it is called."""


@dataclass(frozen=True)
class PoolPlace:
    """Type, server (empty or ``localhost`` for a directory of the hosts) and absolute path."""

    type: str
    host_address: str
    path: str


def parse_pool_url(url: str) -> PoolPlace:
    """Raises ``InvalidParameter`` that names ``url`` and says how one is written."""
    parts = urlsplit(url.strip())
    schemes = {**{kind.lower(): kind for kind in pool_types()}, **SCHEMES}
    kind = schemes.get(parts.scheme.lower())
    if kind is None:
        raise InvalidParameter(
            f"url {url[:80]!r} is not a pool's: it begins with one of {', '.join(f'{s}://' for s in schemes)}",
            parameter="url",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidParameter("url must not carry credentials, a query or a fragment", parameter="url")
    path = unquote(parts.path).rstrip("/")
    return PoolPlace(kind, parts.hostname or "", checked_path(path))


def checked_path(path: str) -> str:
    """An absolute path without surprises."""
    if not re.fullmatch(r"(/[^/\x00-\x1f\x7f]+)+", path) or "/../" in f"{path}/" or "/./" in f"{path}/":
        raise InvalidParameter(f"path {path[:80]!r} of the pool is not absolute, or has . or ..", parameter="url")
    return path
