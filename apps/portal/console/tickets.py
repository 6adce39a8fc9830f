"""A screen behind a ticket: the hypervisor speaks RFB inside a WebSocket over TLS, as vSphere's hosts do.

The certificate is looked at before a byte is sent, for the address is the secret: whoever has it has the screen.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import ssl
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import WebSocketURI

from apps.portal.console.channels import PIECE_BYTES
from cloudstack.contracts.console import ConsoleTicket

DIGESTS = {40: "sha1", 64: "sha256", 128: "sha512"}
MOST_FRAME_BYTES = 32 * 1024 * 1024
"""A whole screen, as it is, may travel in one message."""
SUBPROTOCOL = "binary"

_wire = logging.getLogger(f"{__name__}.wire")
_wire.setLevel(logging.WARNING)  # below that the whole conversation is written down, the ticket at its beginning


class TicketRefused(OSError):
    """The way in is closed: another certificate, or another answer than a WebSocket's."""


class TicketScreen:
    """The other end of a ticket's WebSocket as a stream of bytes, like ``Screen``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: ClientProtocol):
        self._reader = reader
        self._writer = writer
        self._protocol = protocol
        self._buffer = bytearray()
        self._answer: Response | None = None

    @classmethod
    async def connect(cls, ticket: ConsoleTicket) -> "TicketScreen":
        """Use the ticket up. Raises ``OSError``, whose words never hold the ticket."""
        host, port = address(ticket)
        parts = urlsplit(ticket.url)
        reader, writer = await asyncio.open_connection(
            host, port, ssl=_trust(ticket.thumbprint), server_hostname=host, limit=PIECE_BYTES
        )
        try:
            _check(writer, ticket.thumbprint)
            uri = WebSocketURI(True, host, port, parts.path or "/", parts.query)
            screen = cls(reader, writer, ClientProtocol(
                uri, subprotocols=[SUBPROTOCOL], max_size=MOST_FRAME_BYTES, logger=_wire
            ))  # fmt: skip
            await screen._shake_hands()
        except BaseException:
            writer.close()
            raise
        return screen

    async def _shake_hands(self) -> None:
        self._protocol.send_request(self._protocol.connect())
        await self._flush()
        while self._answer is None and self._protocol.handshake_exc is None:
            if not await self._take():
                break
        if self._protocol.state is not State.OPEN:
            why = self._protocol.handshake_exc
            words = str(why) if isinstance(why, WebSocketException) else "it hung up"
            raise TicketRefused(f"the hypervisor does not open the screen: {words}")

    async def _take(self) -> bool:
        """Take in what has arrived, waiting for something; False at the end."""
        data = await self._reader.read(PIECE_BYTES)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._answer = event
            elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
                self._buffer += event.data
        await self._flush()
        return bool(data) and self._protocol.state in (State.CONNECTING, State.OPEN)

    async def _flush(self) -> None:
        """Send what the protocol has to say: pongs and the answer to a close come by themselves."""
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> bytes:
        """The next bytes; empty at the end. Raises ``OSError``."""
        while not self._buffer:
            if not await self._take() and not self._buffer:
                return b""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    async def readexactly(self, n: int) -> bytes:
        while len(self._buffer) < n:
            if not await self._take() and len(self._buffer) < n:
                raise asyncio.IncompleteReadError(bytes(self._buffer), n)
        data = bytes(self._buffer[:n])
        del self._buffer[:n]
        return data

    async def write(self, data: bytes) -> None:
        """Waits while the hypervisor is slow. Raises ``OSError``."""
        if self._protocol.state is not State.OPEN:
            raise ConnectionResetError("the hypervisor has closed the screen")
        self._protocol.send_binary(data)
        await self._flush()

    def close(self) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
            with contextlib.suppress(OSError):
                for data in self._protocol.data_to_send():
                    if data:
                        self._writer.write(data)
        self._writer.close()


def address(ticket: ConsoleTicket) -> tuple[str, int]:
    """Host and port that ``ticket`` leads to. Raises ``TicketRefused``, whose words hold nothing of it."""
    try:
        parts = urlsplit(ticket.url)
        host, port = parts.hostname, parts.port or 443
    except ValueError:  # its words quote the address
        host = None
    if not host or parts.scheme != "wss":
        raise TicketRefused("the hypervisor's ticket is no address of a WebSocket over TLS")
    return host, port


def _trust(thumbprint: str) -> ssl.SSLContext:
    """With a thumbprint the certificate is compared by :func:`_check`; without one an authority vouches for it."""
    context = ssl.create_default_context()
    if thumbprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check(writer: asyncio.StreamWriter, thumbprint: str) -> None:
    if not thumbprint:
        return
    wanted = thumbprint.replace(":", "").lower()
    algorithm = DIGESTS.get(len(wanted))
    if algorithm is None:
        raise TicketRefused("the hypervisor's ticket names the certificate in a way that is not known")
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
    if not hmac.compare_digest(hashlib.new(algorithm, shown).hexdigest(), wanted):
        raise TicketRefused("the server shows another certificate than the hypervisor has announced")
