"""The screen and keyboard of a machine, as its hypervisor offers them."""

import enum
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


class ConsoleKind(enum.StrEnum):
    """The protocol in which the hypervisor shows the screen."""

    VNC = "vnc"
    """RFB over TCP, in the clear or with VNC's own password."""


@dataclass(frozen=True, kw_only=True)
class ConsoleFacts:
    """Where the screen of a running machine is shown now. Valid until the machine stops or moves."""

    kind: ConsoleKind
    host: str
    """Address that the portal connects to, in the network of the hosts."""
    port: int
    password: str = field(default="", repr=False)
    """What the server asks for; empty when it asks for nothing."""


@runtime_checkable
class SupportsConsole(Protocol):
    def console(self, uuid: str) -> ConsoleFacts:
        """Where the screen of a running machine is; ``NotFound`` when it does not run here.

        Raises ``NotSupported`` when the portal could not reach it, with what the operator would have to change.
        """


@dataclass(frozen=True, kw_only=True)
class ConsoleTicket:
    """A way in that the hypervisor hands out for one connection: whoever has the address has the screen."""

    url: str = field(repr=False)
    """``wss://host:port/…``: RFB inside a WebSocket."""
    thumbprint: str = ""
    """Digest of the certificate that the server at ``url`` shows, in hex; empty: an authority vouches for it."""
    valid_s: int = 30
    """Seconds until it is of no use any more."""


@runtime_checkable
class SupportsConsoleTicket(Protocol):
    def console_ticket(self, uuid: str) -> ConsoleTicket:
        """A new ticket for the screen of a running machine; ``NotFound`` when it does not run here."""
