"""A screen that a hypervisor opens for a ticket: a WebSocket over TLS, whose certificate the ticket announces."""

import contextlib
import datetime
import hashlib
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.sync.client import connect
from websockets.sync.server import Server, ServerConnection, serve

from apps.portal.console import proxy
from cloudstack.contracts.console import ConsoleTicket
from tests.support.screen import HEIGHT, WIDTH, FakeScreen
from tests.support.viewer import Viewer

from .conftest import Console

PATH = "/ticket/5ec7e7"
PRESS_A = struct.pack("!BBxxI", 4, 1, ord("a"))
WANT_ALL = struct.pack("!BBHHHH", 3, 0, 0, 0, WIDTH, HEIGHT)


class Host:
    """A hypervisor that hands out one ticket and serves the screen behind it."""

    def __init__(self, folder: Path, screen: FakeScreen):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "esx")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        pem = folder / "host.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.thumbprint = hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
        self.screen, self.paths = screen, list[str]()
        self.server: Server = serve(self._serve, "127.0.0.1", 0, ssl=context, subprotocols=["binary"], compression=None)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ticket(self, **changes: Any) -> ConsoleTicket:
        facts = {"url": f"wss://127.0.0.1:{self.port}{PATH}", "thumbprint": self.thumbprint}
        return ConsoleTicket(**{**facts, **changes})

    def _serve(self, connection: ServerConnection) -> None:
        self.paths.append(connection.request.path if connection.request else "")
        with socket.create_connection(("127.0.0.1", self.screen.port)) as inside:
            threading.Thread(target=self._out, args=(inside, connection), daemon=True).start()
            for message in connection:
                inside.sendall(message)  # type: ignore[arg-type]

    def _out(self, inside: socket.socket, connection: ServerConnection) -> None:
        while data := inside.recv(65536):
            connection.ping()
            connection.send(data)
        connection.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with FakeScreen() as screen:
        made = Host(tmp_path, screen)
        yield made
        made.server.shutdown()


class Driver:
    """Of a hypervisor that shows screens for tickets alone."""

    def __init__(self, ticket: ConsoleTicket):
        self.ticket = ticket

    def console_ticket(self, uuid: str) -> ConsoleTicket:
        return self.ticket


@contextlib.contextmanager
def opened(console: Console, monkeypatch: pytest.MonkeyPatch, ticket: ConsoleTicket) -> Iterator[Viewer]:
    monkeypatch.setattr(proxy, "hypervisor_driver", lambda host: Driver(ticket))
    with connect(console.url(), compression=None, max_size=None) as socket:
        yield Viewer(socket)


def test_the_screen_behind_a_ticket_is_shown(console: Console, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(console, monkeypatch, host.ticket()) as seen:
        seen.open()
        seen.socket.send(WANT_ALL)
        before = seen.read(16 + 4 * WIDTH * HEIGHT)
        seen.socket.send(PRESS_A + WANT_ALL)
        assert seen.read(16 + 4 * WIDTH * HEIGHT) != before
        assert (host.screen.keys, host.paths) == ([ord("a")], [PATH])
        assert PATH.encode() not in seen.heard
        host.screen.hang_up()
        assert "closed the console" in seen.closed()[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"thumbprint": "0" * 40}, "another certificate"),
        ({"thumbprint": "0" * 7}, "in a way that is not known"),
        ({"thumbprint": ""}, "certificate verify failed"),
        ({"url": "ws://127.0.0.1:1/ticket/5ec7e7"}, "no address of a WebSocket over TLS"),
        ({"url": "wss://127.0.0.1:5ec7e7/ticket"}, "no address of a WebSocket over TLS"),
        ({"url": "wss://[5ec7e7/ticket"}, "no address of a WebSocket over TLS"),
    ],
    ids=["another", "unknown", "no-authority", "clear", "bad-port", "bad-host"],
)
def test_a_server_that_is_not_the_announced_one_gets_no_ticket(
    console: Console, host: Host, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], words: str
) -> None:
    with opened(console, monkeypatch, host.ticket(**changes)) as seen:
        refusal = seen.refusal()
    assert words in refusal and "5ec7e7" not in refusal
    assert host.paths == []
