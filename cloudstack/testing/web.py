"""A web server for a moment, from which the core downloads an image as from any other."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ALLOWED = ("secstorage.allowed.internal.sites", "127.0.0.0/8")
"""The setting, and the value with which the core downloads from this machine."""
RAW_IMAGE = bytes(510) + b"\x55\xaa" + bytes((1 << 20) - 512)
"""A disk of a MiB with a boot sector that does nothing."""


@contextlib.contextmanager
def served(content: bytes, name: str = "small.raw") -> Iterator[str]:
    """Inside, ``content`` is at the address that is answered."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests need no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{name}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
