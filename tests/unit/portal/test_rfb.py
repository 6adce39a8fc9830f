"""The beginning of the RFB protocol against a server that listens on a socket."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from apps.portal.console.activity import ActivityScanner
from apps.portal.console.channels import Screen
from apps.portal.console.rfb import RfbError, open_as_client, response_to
from tests.support.screen import HEIGHT, WIDTH, FakeScreen


async def opened(screen: FakeScreen, password: str) -> bytes:
    """What the server says first to a client that it has let in."""
    channel = await Screen.connect("127.0.0.1", screen.port)
    try:
        await open_as_client(channel, password)
        await channel.write(b"\x01")
        return await channel.readexactly(4)
    finally:
        channel.close()


def run(work: Coroutine[Any, Any, bytes]) -> bytes:
    return asyncio.run(asyncio.wait_for(work, 10))


@pytest.mark.parametrize("version", ["003.003", "003.007", "003.008", "003.889", "004.001"])
@pytest.mark.parametrize("password", ["", "Geheim-8", "much longer than eight"])
def test_servers_of_all_versions_let_us_in(version: str, password: str) -> None:
    with FakeScreen(password=password, version=f"RFB {version}\n".encode()) as screen:
        assert run(opened(screen, password)) == WIDTH.to_bytes(2, "big") + HEIGHT.to_bytes(2, "big")


def test_the_answer_to_a_challenge_is_that_of_vnc() -> None:
    # Reckoned by another implementation of DES: openssl enc -des-ecb -nopad -K cea6c64ea62e8c4c.
    assert response_to(bytes(range(16)), "secret12").hex() == "adcd997f8e16fee575e973f93c2b62b4"


def test_a_wrong_password_is_told_in_the_servers_words() -> None:
    with FakeScreen(password="right") as screen, pytest.raises(RfbError, match="refuses: wrong password"):
        run(opened(screen, "wrong"))


@pytest.mark.parametrize("version", [b"RFB 003.003\n", b"RFB 003.008\n"])
def test_a_refusal_is_told_in_the_servers_words(version: bytes) -> None:
    with FakeScreen(refusal="Too many clients", version=version) as screen:
        with pytest.raises(RfbError, match="Too many clients"):
            run(opened(screen, ""))


def test_who_is_no_vnc_server_is_told_as_such() -> None:
    with FakeScreen(version=b"SSH-2.0-Open") as screen, pytest.raises(RfbError, match="no VNC server"):
        run(opened(screen, ""))


def test_a_password_that_we_do_not_have_is_told() -> None:
    with FakeScreen(password="right") as screen, pytest.raises(RfbError, match="kind 2"):
        run(opened(screen, ""))


ASKS = b"\x03\x01" + bytes(8)
ENCODINGS = b"\x02\x00\x00\x02" + bytes(8)
KEY = b"\x04\x01\x00\x00\x00\x00\x00\x61"


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_only_a_persons_doing_counts_as_activity(size: int) -> None:
    def doing(data: bytes) -> list[bool]:
        scanner = ActivityScanner()
        return [scanner.sees(data[at : at + size]) for at in range(0, len(data), size)]

    quiet = (
        b"\x01" + bytes(20) + ENCODINGS + ASKS * 20 + b"\xf8\0\0\0\0\0\0\0\x02ab" + b"\xfb\0\0\0\0\0\x01\0" + bytes(16)
    )
    assert not any(doing(quiet))
    for human in (KEY, b"\x05" + bytes(5), b"\x06\0\0\0\xff\xff\xff\xfcabcd", b"\xff\0" + bytes(10)):
        assert any(doing(quiet + human))
        assert sum(doing(quiet + human + ASKS * 50)) in (1, 2)


def test_what_cannot_be_read_counts_as_activity() -> None:
    scanner = ActivityScanner()
    scanner.sees(b"\x01")
    assert scanner.sees(b"\x77") and scanner.sees(ASKS)
