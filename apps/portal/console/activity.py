"""Whether somebody sits at a console: keys and the pointer among what a browser sends.

A browser asks for the screen again and again by itself, so that traffic alone says nothing.
"""

from typing import ClassVar

_KEY, _POINTER, _CUT_TEXT, _QEMU = 4, 5, 6, 255
_HUMAN = frozenset({_KEY, _POINTER, _CUT_TEXT, _QEMU})


class ActivityScanner:
    """Reads along with the messages of an RFB client (RFC 6143, section 7.5), which may come in any pieces.

    After a message whose length it does not know everything counts as activity: rather a console that stays open than
    one that is closed under somebody's hands.
    """

    # Type → bytes of the whole message, where that never varies.
    _FIXED: ClassVar[dict[int, int]] = {0: 20, 3: 10, _KEY: 8, 150: 10}

    def __init__(self) -> None:
        self._head = bytearray()
        self._skip = 1  # ClientInit comes before the messages
        self._lost = False

    def sees(self, data: bytes) -> bool:
        """Take the next bytes; whether a person's doing is among them."""
        if self._lost:
            return True
        human, position = False, 0
        while position < len(data):
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
                continue
            self._head.append(data[position])
            position += 1
            length = self._length()
            if length < 0:
                self._lost = True
                return True
            if length:
                human = human or self._head[0] in _HUMAN
                self._skip = length - len(self._head)
                self._head.clear()
        return human

    def _length(self) -> int:
        """Bytes of the message that begins with the head; 0 when the head is too short to say, -1 when unknown."""
        kind, head = self._head[0], self._head
        if kind in self._FIXED:
            return self._FIXED[kind]
        if kind == 2:  # SetEncodings
            return 4 + 4 * _uint(head[2:4]) if len(head) == 4 else 0
        if kind == _POINTER:  # the highest button may mark a longer, newer kind
            return (6 if head[1] < 0x80 else -1) if len(head) == 2 else 0
        if kind == _CUT_TEXT:  # a negative length marks the extended clipboard
            return 8 + abs(_int(head[4:8])) if len(head) == 8 else 0
        if kind == 248:  # ClientFence
            return 9 + head[8] if len(head) == 9 else 0
        if kind == 251:  # SetDesktopSize
            return 8 + 16 * head[6] if len(head) == 7 else 0
        if kind == _QEMU:  # the extended key event is the only one that browsers send
            return (12 if head[1] == 0 else -1) if len(head) == 2 else 0
        return -1


def _uint(data: bytes | bytearray) -> int:
    return int.from_bytes(data, "big")


def _int(data: bytes | bytearray) -> int:
    return int.from_bytes(data, "big", signed=True)
