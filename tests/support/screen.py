"""A VNC server of a few lines: it asks for a password, shows one colour, and another one after each key."""

import secrets
import socket
import struct
import threading

from apps.portal.console.rfb import response_to

WIDTH, HEIGHT = 64, 48
_PIXEL_FORMAT = struct.pack("!BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)


class FakeScreen:
    """Use it as a context manager; ``port`` is where it listens on loopback."""

    def __init__(self, password: str = "", version: bytes = b"RFB 003.008\n", refusal: str = ""):
        self.password = password
        self.version = version
        self.refusal = refusal
        self.keys: list[int] = []
        self.connections: list[socket.socket] = []
        self.cut = threading.Event()

    def __enter__(self) -> "FakeScreen":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the screen, as a hypervisor does with a machine that stops."""
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        with connection, stream:
            try:
                if self._admits(connection, stream):
                    self._talk(connection, stream)
            except (OSError, EOFError):
                return
            finally:
                self.cut.set()

    def _admits(self, connection: socket.socket, stream: "socket.SocketIO") -> bool:  # type: ignore[valid-type]
        connection.sendall(self.version)
        old = _exactly(stream, 12) == b"RFB 003.003\n"
        if self.refusal:
            words = self.refusal.encode()
            connection.sendall((b"\0\0\0\0" if old else b"\0") + struct.pack("!I", len(words)) + words)
            return False
        kind = 2 if self.password else 1
        connection.sendall(struct.pack("!I", kind) if old else bytes([1, kind]))
        if not old:
            assert _exactly(stream, 1) == bytes([kind])
        if self.password:
            challenge = secrets.token_bytes(16)
            connection.sendall(challenge)
            fits = _exactly(stream, 16) == response_to(challenge, self.password)
            words = b"" if fits else b"wrong password"
            connection.sendall(struct.pack("!I", int(not fits)) + (struct.pack("!I", 14) + words if words else b""))
            return fits
        if self.version >= b"RFB 003.008\n":
            connection.sendall(struct.pack("!I", 0))
        return True

    def _talk(self, connection: socket.socket, stream: object) -> None:
        _exactly(stream, 1)  # ClientInit
        name = b"fake screen"
        connection.sendall(struct.pack("!HH", WIDTH, HEIGHT) + _PIXEL_FORMAT + struct.pack("!I", len(name)) + name)
        shown = -1
        waits = False
        while True:
            kind = _exactly(stream, 1)[0]
            if kind == 0:
                _exactly(stream, 19)
            elif kind == 2:
                _exactly(stream, 4 * struct.unpack("!xH", _exactly(stream, 3))[0])
            elif kind == 3:
                incremental = _exactly(stream, 9)[0]
                waits = True
                shown = -1 if not incremental else shown
            elif kind == 4:
                down, key = struct.unpack("!BxxI", _exactly(stream, 7))
                if down:
                    self.keys.append(key)
            elif kind == 5:
                _exactly(stream, 5)
            elif kind == 6:
                _exactly(stream, struct.unpack("!3xI", _exactly(stream, 7))[0])
            else:
                return
            if waits and shown != len(self.keys):
                connection.sendall(self._picture())
                waits, shown = False, len(self.keys)

    def _picture(self) -> bytes:
        colour = struct.pack("<I", 0x3060A0 + 0x203010 * len(self.keys) & 0xFFFFFF)
        return struct.pack("!BxHHHHHi", 0, 1, 0, 0, WIDTH, HEIGHT, 0) + colour * (WIDTH * HEIGHT)


def _exactly(stream: object, count: int) -> bytes:
    data: bytes = stream.read(count)  # type: ignore[attr-defined]
    if len(data) < count:
        raise EOFError
    return data
