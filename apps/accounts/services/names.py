"""What names may look like."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cloudstack.framework.errors import InvalidParameter

_SUFFIX = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)


def ensure_name(name: str, *, parameter: str, what: str, longest: int = 255) -> str:
    """The name without blanks at its ends; raises ``InvalidParameter`` when nothing or too much is left."""
    name = name.strip()
    if not name:
        raise InvalidParameter(f"{what} cannot be empty", parameter=parameter)
    if len(name) > longest:
        raise InvalidParameter(f"{what} has at most {longest} characters, this one {len(name)}", parameter=parameter)
    if not name.isprintable():
        raise InvalidParameter(f"{what} contains characters that cannot be printed", parameter=parameter)
    return name


def ensure_dns_suffix(suffix: str) -> None:
    """Raises ``InvalidParameter`` unless ``suffix`` is empty or a domain name of the DNS."""
    if suffix and (len(suffix) > 190 or not _SUFFIX.fullmatch(suffix)):
        raise InvalidParameter(
            f"networkdomain={suffix!r} is no DNS name: labels of letters, digits and hyphens, with dots between them",
            parameter="networkdomain",
        )


def ensure_email(address: str) -> str:
    """Raises ``InvalidParameter`` when ``address`` cannot be a mail address.

    Addresses at hosts without a dot are fine: clients of this API use ``admin@localhost`` and the like.
    """
    address = address.strip()
    name, at, host = address.rpartition("@")
    try:
        validate_email(address if "." in host else f"{name}{at}{host}.example")
    except ValidationError:
        raise InvalidParameter(f"email={address!r} is no mail address", parameter="email") from None
    return address
