"""Consoles in the browser: the page, and the way from its WebSocket to the machine's screen."""

PREFIX = "/console/ws"
"""Where the WebSockets of consoles are; the token follows."""


def is_console(path: str) -> bool:
    """Whether a path of this server is a console's WebSocket."""
    return path == PREFIX or path.startswith(PREFIX + "/")
