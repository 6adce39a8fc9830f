"""UUIDs as they come from outside."""

import uuid


class BadValue(ValueError):
    """A value that cannot be; the text says what would be right."""


def canonical_uuid(text: str) -> str:
    """Lower case with hyphens. Raises :class:`BadValue`."""
    text = text.strip()
    if len(text) in (32, 36) and text.isascii():
        try:
            value = str(uuid.UUID(text))
        except ValueError:
            pass
        else:
            if text.lower() in (value, value.replace("-", "")):
                return value
    raise BadValue("a UUID such as 0c0e5f64-71b0-4a43-9b43-4a7d1ad5b1ea is expected")
