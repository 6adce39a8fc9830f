"""Parameters that clients know and this version does not carry out."""

from typing import Any

from cloudstack.api import BadValue, Flag, Str


class Refused(Str):
    """Left unread it would give the caller something else than he asked for, so it is refused."""

    empty_is_missing = True

    def __init__(self, wire: str, **options: Any):
        super().__init__(wire, help="refused: not available in this version", max_length=4096, **options)

    def cast(self, text: str) -> str:
        raise BadValue("it is not available in this version; leave it out")


class RefusedFlag(Flag):
    """As :class:`Refused`; ``false`` is what is done anyway."""

    def __init__(self, wire: str, **options: Any):
        super().__init__(wire, help="refused when true: not available in this version", **options)

    def cast(self, text: str) -> bool:
        if super().cast(text):
            raise BadValue("it is not available in this version; leave it out")
        return False
