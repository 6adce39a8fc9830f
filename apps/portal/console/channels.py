"""The two ends of a console as streams of bytes: the browser's WebSocket and the hypervisor's socket."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_MESSAGE_BYTES = 1024 * 1024
"""A browser sends keys, pointer and at most a clipboard: nothing that is larger."""
PIECE_BYTES = 64 * 1024
"""How much of the screen travels in one message. What the other end has not taken yet is not read."""
SERVER_RESTARTS = 1012


class BrowserGone(EOFError):
    """The WebSocket is closed. ``code`` is that of RFC 6455."""

    def __init__(self, code: int):
        super().__init__(f"the browser has gone ({code})")
        self.code = code


class BrowserSpoke(Exception):
    """The browser sent what is no console's traffic; ``code`` is what the WebSocket is closed with."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code


class Browser:
    """The WebSocket of an ASGI application, accepted."""

    def __init__(self, receive: Receive, send: Send):
        self._receive = receive
        self._send = send
        self._buffer = bytearray()

    async def read(self) -> bytes:
        """The next bytes. Raises ``BrowserGone``, ``BrowserSpoke``."""
        if self._buffer:
            data, self._buffer = bytes(self._buffer), bytearray()
            return data
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise BrowserGone(int(event.get("code") or 1005))
        data = event.get("bytes")
        if data is None:
            raise BrowserSpoke(1003, "a console takes binary messages only")
        if len(data) > MOST_MESSAGE_BYTES:
            raise BrowserSpoke(1009, f"a message has {len(data)} bytes; {MOST_MESSAGE_BYTES} are allowed")
        return bytes(data)

    async def readexactly(self, n: int) -> bytes:
        while len(self._buffer) < n:
            kept, self._buffer = self._buffer, bytearray()
            kept += await self.read()
            self._buffer = kept
        data = bytes(self._buffer[:n])
        del self._buffer[:n]
        return data

    async def write(self, data: bytes) -> None:
        """Waits while the browser is slow."""
        try:
            await self._send({"type": "websocket.send", "bytes": data})
        except OSError:
            raise BrowserGone(1006) from None

    async def close(self, code: int, reason: str) -> None:
        """Close with a reason, cut to what the protocol allows. Fine when it is closed already."""
        words = reason.encode()[:120].decode("utf-8", "ignore")
        try:
            await self._send({"type": "websocket.close", "code": code, "reason": words})
        except (OSError, RuntimeError):
            return


class Screen:
    """The socket of the hypervisor's VNC server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, host: str, port: int) -> "Screen":
        """Raises ``OSError``."""
        reader, writer = await asyncio.open_connection(host, port, limit=PIECE_BYTES)
        return cls(reader, writer)

    async def read(self) -> bytes:
        """The next bytes; empty at the end. Raises ``OSError``."""
        return await self._reader.read(PIECE_BYTES)

    async def readexactly(self, n: int) -> bytes:
        return await self._reader.readexactly(n)

    async def write(self, data: bytes) -> None:
        """Waits while the hypervisor is slow."""
        self._writer.write(data)
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()
