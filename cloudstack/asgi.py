"""The ASGI entry point: consoles' WebSockets, and everything else as any request."""

import os
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler

from cloudstack.framework.utf8 import Utf8ASGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production")


class Handler(ASGIHandler):
    request_class = Utf8ASGIRequest


django.setup(set_prefix=False)
_http = Handler()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve one connection. A WebSocket that is no console's is refused."""
    if scope["type"] != "websocket":
        await _http(scope, receive, send)
        return
    from apps.portal.console import is_console
    from apps.portal.console.proxy import serve

    if is_console(scope["path"]):
        await serve(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 1008})
