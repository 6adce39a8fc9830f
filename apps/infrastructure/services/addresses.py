"""How hosts and clusters are reached, as operators type it."""

import json
from urllib.parse import urlsplit

from apps.infrastructure.services import validation
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.secrets import Secret


def checked_url(url: str) -> str:
    """Raises ``InvalidParameter`` for an address without a scheme or with a password inside."""
    try:
        parts = urlsplit(url.strip())
        password = parts.password
    except ValueError as error:
        raise InvalidParameter(f"url cannot be read: {error}", parameter="url") from None
    if not parts.scheme or not (parts.netloc or parts.path):
        raise InvalidParameter(
            "url must name how to reach the host, such as qemu+ssh://root@host/system or http://192.0.2.7",
            parameter="url",
        )
    if password:
        raise InvalidParameter("url must not hold a password; use username and password", parameter="url")
    return url.strip()


def name_from(url: str) -> str:
    """A name for a host of which only the address is known."""
    parts = urlsplit(url)
    last = parts.path.strip("/").replace("/", "-")
    if parts.scheme in ("http", "https", "sim") and last:
        return f"{parts.hostname or 'host'}-{last}"[:255]
    return (parts.hostname or last or "host")[:255]


def private_ip_from(url: str) -> str:
    try:
        return validation.address(urlsplit(url).hostname or "", "url")
    except InvalidParameter:
        return ""


def credentials(username: str, password: Secret | None) -> Secret | None:
    """As they are stored, encrypted; None when there are none."""
    known = {}
    if username:
        known["username"] = username
    if password:
        known["password"] = password.reveal()
    return Secret(json.dumps(known)) if known else None
