"""The web server's processes: HTTP in threads as ever, and consoles beside it on an event loop.

A console stays open for hours, for which a thread is too dear. So the connection of a WebSocket is taken out of the
thread that read its request and given to a loop of its own in the same process: one port and one program serve both,
and a reverse proxy has nothing to tell apart.
"""

import asyncio
import logging
import socket
import threading
from typing import Any

from gunicorn.workers.gthread import ThreadWorker
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from apps.portal.console import is_console
from apps.portal.console.channels import MOST_MESSAGE_BYTES

log = logging.getLogger(__name__)

GOODBYE_S = 1.5
"""How long a process that ends waits until its consoles are written down as over."""
MOST_CONNECTIONS = 500
"""WebSockets of one process at a time, those of strangers included, who have seconds to bring a token."""
PING_S = 20.0
"""How often a browser is asked whether it is there still, and how long it has for the answer."""


class ConsoleLoop:
    """An event loop in a thread, begun with the first console, that speaks WebSocket for the ASGI application."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._state = ServerState()
        self._config: Config | None = None
        self._ends = False

    def adopt(self, connection: socket.socket, head: bytes) -> None:
        """Serve ``connection``, of which ``head`` has been read already. It is closed by the loop."""
        loop = self._running()
        if loop is None:
            connection.close()
            return
        asyncio.run_coroutine_threadsafe(self._serve(connection, head), loop)

    def goodbye(self) -> None:
        """Take no more, and begin to close what is open. May be called from a signal handler."""
        self._ends = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._shut)

    def wait(self) -> None:
        """Return when all consoles have ended, or after ``GOODBYE_S``."""
        if self._loop is None:
            return
        future = asyncio.run_coroutine_threadsafe(self._finished(), self._loop)
        try:
            future.result(GOODBYE_S + 0.5)
        except TimeoutError:
            log.warning("consoles did not end in time")

    def _running(self) -> asyncio.AbstractEventLoop | None:
        with self._lock:
            if self._ends:
                return None
            if self._loop is None:
                self._config = _config()
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="consoles", daemon=True).start()
            return self._loop

    async def _serve(self, connection: socket.socket, head: bytes) -> None:
        if len(self._state.connections) >= MOST_CONNECTIONS:
            connection.close()
            return
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        config = self._config
        try:
            _, protocol = await loop.connect_accepted_socket(
                lambda: WebSocketsSansIOProtocol(config, self._state, {}, loop),  # type: ignore[arg-type]
                connection,
            )
        except OSError:
            connection.close()
            return
        protocol.data_received(head)

    def _shut(self) -> None:
        for protocol in list(self._state.connections):
            protocol.shutdown()

    async def _finished(self) -> None:
        if self._state.tasks:
            await asyncio.wait(set(self._state.tasks), timeout=GOODBYE_S)


def _config() -> Config:
    from cloudstack.asgi import application

    config = Config(
        application,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE_BYTES,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        # Screens are packed by the hypervisor already.
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        # Its lines of INFO show tokens.
        log_level="warning",
        server_header=False,
    )
    config.load()
    return config


class WebWorker(ThreadWorker):
    """Gunicorn's threads, which leave consoles to the loop."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.consoles = ConsoleLoop()

    def handle_request(self, req: Any, conn: Any) -> Any:
        if not (is_console(req.path) and _upgrades(req)):
            return super().handle_request(req, conn)
        head = _head_of(req) + conn.parser.unreader.take_buffered()
        # Detached, so that gunicorn neither closes the connection nor counts it any longer.
        self.consoles.adopt(socket.socket(fileno=conn.sock.detach()), head)
        return False

    def handle_exit(self, sig: Any, frame: Any) -> None:
        self.consoles.goodbye()
        super().handle_exit(sig, frame)

    def run(self) -> None:
        super().run()
        # Also when the process has served its number of requests: no signal came then.
        self.consoles.goodbye()
        self.consoles.wait()


def _upgrades(req: Any) -> bool:
    return req.method == "GET" and any(
        name == "UPGRADE" and value.strip().lower() == "websocket" for name, value in req.headers
    )


def _head_of(req: Any) -> bytes:
    """The request as it came; gunicorn has checked it, and no line of it has a line break in it."""
    lines = [f"GET {req.uri} HTTP/1.1", *(f"{name}: {value}" for name, value in req.headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
