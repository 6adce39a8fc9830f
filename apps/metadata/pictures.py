"""Pictures from outside: what is one, and how large. Their headers are read, nothing is decoded."""

import base64
import binascii
import struct

MAX_SIDE = 2048
_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_DATA_URL = ";base64,"


class NoPicture(ValueError):
    """The text says what is wrong."""


def checked_picture(text: str, *, max_bytes: int) -> str:
    """The base64 text of a PNG, JPEG or GIF file as it can be stored. Raises :class:`NoPicture`.

    SVG is not taken: it can carry programs, and who looks at the icon of somebody else's machine would run them.
    """
    if text.startswith("data:") and _DATA_URL in text[:64]:
        text = text.partition(_DATA_URL)[2]
    try:
        # Forms that are not encoded turn + into a blank.
        data = base64.b64decode(text.replace(" ", "+").replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        raise NoPicture("it is no base64 text") from None
    if len(data) > max_bytes:
        raise NoPicture(f"the file has {len(data)} bytes, at most {max_bytes} are allowed")
    size = _size(data)
    if size is None:
        raise NoPicture("the file is no PNG, JPEG or GIF picture")
    width, height = size
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise NoPicture(f"the picture has {width} x {height} points, at most {MAX_SIDE} x {MAX_SIDE} are allowed")
    return base64.b64encode(data).decode()


def _size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the file declares them; None for what is no picture."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    return _jpeg_size(data) if data[:3] == b"\xff\xd8\xff" else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the first frame header: segments are skipped by their lengths."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        if marker == 0xFF:
            place += 1
        else:
            place += 2 + length
    return None
