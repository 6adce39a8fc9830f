"""What noVNC does at the beginning of a console, in a few lines."""

import struct

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.support.screen import HEIGHT, WIDTH


class Viewer:
    """What noVNC does, in a few lines. Everything that came from the portal is kept in ``heard``."""

    def __init__(self, socket: ClientConnection):
        self.socket = socket
        self.heard = bytearray()
        self._at = 0

    def read(self, count: int) -> bytes:
        while len(self.heard) - self._at < count:
            message = self.socket.recv(timeout=60)
            assert isinstance(message, bytes)
            self.heard += message
        self._at += count
        return bytes(self.heard[self._at - count : self._at])

    def greet(self) -> int:
        """Until security is chosen; how many kinds are offered."""
        assert self.read(12) == b"RFB 003.008\n"
        self.socket.send(b"RFB 003.008\n")
        return self.read(1)[0]

    def refusal(self) -> str:
        assert self.greet() == 0
        return self.read(struct.unpack("!I", self.read(4))[0]).decode()

    def open(self) -> "Viewer":
        assert self.greet() == 1
        assert self.read(1) == b"\x01", "the browser is asked for nothing"
        self.socket.send(b"\x01")
        assert self.read(4) == bytes(4)
        self.socket.send(b"\x01")
        assert struct.unpack("!HH", self.read(4)) == (WIDTH, HEIGHT)
        self.read(16)
        assert self.read(struct.unpack("!I", self.read(4))[0]) == b"fake screen"
        return self

    def closed(self) -> tuple[int, str]:
        """Code and reason with which the portal closes."""
        with pytest.raises(ConnectionClosed):
            while True:
                self.socket.recv(timeout=60)
        return self.socket.close_code or 0, self.socket.close_reason or ""
