"""User data: base64 text of the user, handed to the guest as it is."""

import base64
import binascii

from apps.compute.config import USERDATA_MAX_LENGTH
from cloudstack.framework.errors import InvalidParameter


def checked_user_data(text: str) -> str:
    """The text if it is base64 of a bearable size; raises ``InvalidParameter`` without repeating it."""
    if not text:
        return ""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameter("userdata must be base64", parameter="userdata") from None
    limit = int(USERDATA_MAX_LENGTH.value())
    if len(raw) > limit:
        raise InvalidParameter(f"userdata is {len(raw)} bytes long; at most {limit} are allowed", parameter="userdata")
    return text
