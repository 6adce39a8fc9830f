"""The beginning of the RFB protocol (RFC 6143, section 7.1), at both of its ends.

The portal stands between: towards the hypervisor it is the client, which knows the password; towards the browser it is
a server that asks for nothing, because the token has opened the connection already. So the password never reaches the
browser. What comes after the beginning is handed through as it is.
"""

import struct
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

NEWEST = (3, 8)
_VERSION_BYTES = 12
_NONE, _VNC_PASSWORD = 1, 2
_FINE = 0
_PASSWORD_BYTES = 8
_CHALLENGE_BYTES = 16
_MOST_REASON_BYTES = 2000


class RfbError(Exception):
    """The other end does not speak as agreed, or refuses; the message says in which words."""


class Channel(Protocol):
    """One end of a conversation in bytes."""

    async def readexactly(self, n: int) -> bytes:
        """Exactly ``n`` bytes; raises ``EOFError`` when there are no more."""

    async def write(self, data: bytes) -> None: ...


# -- towards the hypervisor: we are the client -------------------------------------------------------


async def open_as_client(server: Channel, password: str) -> None:
    """Speak with a VNC server up to the point where it waits for ClientInit.

    Raises ``RfbError`` when it refuses, and ``EOFError`` when it hangs up.
    """
    version = await _agree_on_version(server)
    kind = await _choose_security(server, version, has_password=bool(password))
    if kind == _VNC_PASSWORD:
        challenge = await server.readexactly(_CHALLENGE_BYTES)
        await server.write(response_to(challenge, password))
    if kind == _NONE and version < (3, 8):
        return
    if await _number(server) != _FINE:
        why = await _reason(server) if version >= (3, 8) else ""
        raise RfbError(f"the VNC server refuses: {why or 'authentication failed'}")


async def _agree_on_version(server: Channel) -> tuple[int, int]:
    offered = await server.readexactly(_VERSION_BYTES)
    try:
        if not (offered.startswith(b"RFB ") and offered.endswith(b"\n")):
            raise ValueError
        version = min((int(offered[4:7]), int(offered[8:11])), NEWEST)
    except ValueError:
        raise RfbError(f"this is no VNC server: it begins with {offered!r}") from None
    # Versions between are to be taken for the one below (RFC 6143, 7.1.1).
    version = version if version in ((3, 7), (3, 8)) else (3, 3)
    await server.write(version_line(version))
    return version


async def _choose_security(server: Channel, version: tuple[int, int], *, has_password: bool) -> int:
    if version == (3, 3):
        offered = [await _number(server)]
        count = int(offered[0] != 0)
    else:
        count = (await server.readexactly(1))[0]
        offered = list(await server.readexactly(count))
    if not count:
        raise RfbError(f"the VNC server refuses: {await _reason(server) or 'it gives no reason'}")
    known = [kind for kind in (_VNC_PASSWORD, _NONE) if kind in offered and (has_password or kind == _NONE)]
    if not known:
        raise RfbError(f"the VNC server asks for security of kind {', '.join(map(str, offered))}, which we do not know")
    if version != (3, 3):
        await server.write(bytes([known[0]]))
    return known[0]


async def _number(server: Channel) -> int:
    return int(struct.unpack("!I", await server.readexactly(4))[0])


async def _reason(server: Channel) -> str:
    length = await _number(server)
    if length > _MOST_REASON_BYTES:
        raise RfbError(f"the VNC server refuses with {length} bytes of words")
    return (await server.readexactly(length)).decode("utf-8", "replace")


def response_to(challenge: bytes, password: str) -> bytes:
    """What VNC's authentication answers: the challenge, encrypted with DES under the password's mirrored bits."""
    key = password.encode("latin-1", "replace")[:_PASSWORD_BYTES].ljust(_PASSWORD_BYTES, b"\0")
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in key)
    # Three times the same key makes DES of triple DES. ECB of two blocks is what the protocol says.
    cipher = Cipher(TripleDES(mirrored * 3), modes.ECB()).encryptor()  # noqa: S305
    return cipher.update(challenge) + cipher.finalize()


# -- towards the browser: we are the server ----------------------------------------------------------


async def greet_as_server(client: Channel) -> tuple[int, int]:
    """Say who we are; answers the version that the client wants. Raises ``RfbError``, ``EOFError``."""
    await client.write(version_line(NEWEST))
    line = await client.readexactly(_VERSION_BYTES)
    for version in ((3, 3), (3, 7), (3, 8)):
        if line == version_line(version):
            return version
    raise RfbError(f"the browser wants a version that we do not speak: {line!r}")


async def admit_client(client: Channel, version: tuple[int, int]) -> None:
    """Let the client in without a password. Raises ``RfbError`` when it wants another kind of security."""
    if version == (3, 3):
        await client.write(struct.pack("!I", _NONE))
        return
    await client.write(bytes([1, _NONE]))
    chosen = (await client.readexactly(1))[0]
    if chosen != _NONE:
        raise RfbError(f"the browser wants security of kind {chosen}, which was not offered")
    if version == (3, 8):
        await client.write(struct.pack("!I", _FINE))


async def refuse_client(client: Channel, version: tuple[int, int], reason: str) -> None:
    """Tell the client why there is no screen, as the protocol has it."""
    words = reason.encode()[:_MOST_REASON_BYTES]
    nothing = struct.pack("!I", 0) if version == (3, 3) else b"\0"
    await client.write(nothing + struct.pack("!I", len(words)) + words)


def version_line(version: tuple[int, int]) -> bytes:
    return b"RFB %03d.%03d\n" % version
