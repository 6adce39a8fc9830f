"""From the WebSocket of a browser to the screen of a machine, and back.

This is the console's data path and no page: here, and only here, a hypervisor is asked while somebody waits. It happens
in threads, each step has its time, and all that is held open meanwhile is one connection.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections

from apps.compute.console_config import CHECK_INTERVAL_S, IDLE_MS, MOST_SESSIONS
from apps.compute.models import ConsoleSession
from apps.compute.services import console as sessions
from apps.compute.services.console import ConsoleRefused
from apps.infrastructure.specs import host_ref
from apps.portal.console import rfb
from apps.portal.console.activity import ActivityScanner
from apps.portal.console.channels import SERVER_RESTARTS, Browser, BrowserGone, BrowserSpoke, Receive, Screen, Send
from apps.portal.console.door import Knock, Unwelcome, knock, logged_in_user
from apps.portal.console.tickets import TicketScreen, address
from cloudstack.contracts.console import ConsoleFacts, ConsoleTicket, SupportsConsole, SupportsConsoleTicket
from cloudstack.contracts.errors import DriverError
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import CloudError
from cloudstack.framework.nodes.drain import draining

log = logging.getLogger(__name__)
T = TypeVar("T")
AnyScreen = Screen | TicketScreen

GREETING_S = 10.0
"""How long either end may take for its part of the beginning."""
HYPERVISOR_S = 15.0
"""How long the hypervisor may take to say where the screen is."""
CONNECT_S = 5.0
REFUSED, ENDED, FAULT = 4403, 4000, 1011
"""Codes with which the WebSocket is closed: before there was a screen, after, and by a mistake of ours."""

_rows = ThreadPoolExecutor(max_workers=4, thread_name_prefix="console-rows")
_hypervisors = ThreadPoolExecutor(max_workers=8, thread_name_prefix="console-hypervisor")
_open: set[int] = set()
"""Sessions that are open in this process."""


async def serve(scope: Any, receive: Receive, send: Send) -> None:
    """The ASGI application of one console."""
    await receive()  # websocket.connect
    try:
        known = knock(scope)
    except Unwelcome as unwelcome:
        log.warning("console refused: %s", unwelcome)
        await send({"type": "websocket.close", "code": 1008})
        return
    offered = scope.get("subprotocols", [])
    await send({"type": "websocket.accept", "subprotocol": "binary" if "binary" in offered else None})
    browser = Browser(receive, send)
    try:
        async with asyncio.timeout(GREETING_S):
            version = await rfb.greet_as_server(browser)
    except (EOFError, TimeoutError, rfb.RfbError, BrowserSpoke) as error:
        # Without the token's being touched: this was no console's client.
        await browser.close(1002, str(error) or "the browser did not greet in time")
        return
    try:
        await _with_session(browser, version, known)
    except ConsoleRefused as refused:
        with contextlib.suppress(EOFError):
            await rfb.refuse_client(browser, version, str(refused))
        await browser.close(REFUSED, str(refused))
    except Exception:
        # Not the web server's to answer: the person in front of it gets a sentence.
        log.exception("a console broke off")
        await browser.close(FAULT, "The portal made a mistake; its log says which. Connect again.")


async def _with_session(browser: Browser, version: tuple[int, int], known: Knock) -> None:
    """Use the token up, and keep its session for as long as the console is open. Raises ``ConsoleRefused``."""
    if draining():
        raise ConsoleRefused("This management server is being taken out of service. Connect again in a minute.")
    if len(_open) >= await _on_rows(MOST_SESSIONS.value):
        raise ConsoleRefused("Too many consoles are open on this server. Close one, or try again later.")
    session = await _on_rows(_claim, known)
    _open.add(session.pk)
    reason = "the server broke off"
    try:
        screen = await _screen_of(session)
        try:
            reason = await _show(browser, version, screen, session)
        finally:
            screen.close()
    except ConsoleRefused as refused:
        reason = str(refused)
        raise
    except BrowserGone as gone:
        reason = _gone(gone)
    finally:
        _open.discard(session.pk)
        # A console that breaks off because the server ends is written down as well.
        await asyncio.shield(_on_rows(_end, session, reason))


def _claim(known: Knock) -> ConsoleSession:
    return sessions.claim(
        token=known.token, extra=known.extra, user_id=logged_in_user(known.request), address=known.address
    )


def _end(session: ConsoleSession, reason: str) -> None:
    sessions.end(session=session, reason=reason)


async def _screen_of(session: ConsoleSession) -> AnyScreen:
    """The machine's screen, past its password. Raises ``ConsoleRefused`` with the hypervisor's own words."""
    try:
        async with asyncio.timeout(HYPERVISOR_S):
            facts = await _in(_hypervisors, _where, session)
    except TimeoutError:
        raise ConsoleRefused("The hypervisor did not say in time where the console is. Try again.") from None
    password, where = "", "the ticket's address"
    screen: AnyScreen
    try:
        async with asyncio.timeout(CONNECT_S):
            if isinstance(facts, ConsoleTicket):
                where = "{}:{}".format(*address(facts))
                screen = await TicketScreen.connect(facts)
            else:
                where, password = f"{facts.host}:{facts.port}", facts.password
                screen = await Screen.connect(facts.host, facts.port)
    except TimeoutError:
        raise ConsoleRefused(f"The console at {where} did not answer within {CONNECT_S:g} s.") from None
    except OSError as error:
        raise ConsoleRefused(f"The console at {where} cannot be reached: {error.strerror or error}") from None
    try:
        async with asyncio.timeout(GREETING_S):
            await rfb.open_as_client(screen, password)
    except (rfb.RfbError, EOFError, OSError, TimeoutError) as error:
        screen.close()
        words = str(error) if isinstance(error, rfb.RfbError) else "it broke off or did not answer"
        raise ConsoleRefused(f"The console at {where} could not be opened: {words}") from None
    return screen


def _where(session: ConsoleSession) -> ConsoleFacts | ConsoleTicket:
    if session.host is None:
        raise ConsoleRefused("The host of the machine is gone. Connect again.")
    try:
        driver = hypervisor_driver(host_ref(session.host))
        if isinstance(driver, SupportsConsole):
            return driver.console(str(session.vm.uuid))
        if isinstance(driver, SupportsConsoleTicket):
            return driver.console_ticket(str(session.vm.uuid))
        raise ConsoleRefused(f"Machines of the hypervisor {session.host.hypervisor} have no screen to show.")
    except (DriverError, CloudError) as error:
        raise ConsoleRefused(f"The hypervisor does not show the console: {error}") from None


async def _show(browser: Browser, version: tuple[int, int], screen: AnyScreen, session: ConsoleSession) -> str:
    """Hand everything through until one end is done or the session is not to go on; answers why it ended.

    The browser's WebSocket is closed afterwards.
    """
    idle_s = (await _on_rows(IDLE_MS.value)) / 1000
    last_doing = time.monotonic()

    async def to_screen() -> str:
        nonlocal last_doing
        scanner = ActivityScanner()
        while True:
            data = await browser.read()
            if scanner.sees(data):
                last_doing = time.monotonic()
            await screen.write(data)

    async def to_browser() -> str:
        while data := await screen.read():
            await browser.write(data)
        return await _why_dark(session)

    async def guard() -> str:
        while True:
            await asyncio.sleep(CHECK_INTERVAL_S)
            if time.monotonic() - last_doing > idle_s:
                return f"Closed after {idle_s:g} seconds without a key or a movement of the pointer."
            why = await _on_rows(sessions.look_after, session=session)
            if why:
                return why

    try:
        async with asyncio.timeout(GREETING_S):
            await rfb.admit_client(browser, version)
    except (TimeoutError, rfb.RfbError, BrowserSpoke) as error:
        reason = str(error) or "the browser did not answer in time"
        await browser.close(1002, reason)
        return reason
    tasks = [asyncio.create_task(part()) for part in (to_screen, to_browser, guard)]
    code = ENDED
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        reason = next(iter(done)).result()
    except BrowserSpoke as wrong:
        code, reason = wrong.code, str(wrong)
    except OSError as error:
        reason = f"The connection to the machine's screen broke: {error.strerror or error}"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await browser.close(code, reason)
    return reason


async def _why_dark(session: ConsoleSession) -> str:
    """The hypervisor closed the screen: what the portal knows of the machine by now."""
    await asyncio.sleep(1)
    why = await _on_rows(sessions.why_not, session=session, opening=True)
    return why or "The hypervisor closed the console."


def _gone(gone: BrowserGone) -> str:
    return "the server ends" if gone.code == SERVER_RESTARTS else "closed by the user"


async def _on_rows(work: Callable[..., T], *args: Any, **named: Any) -> T:
    return await _in(_rows, work, *args, **named)


async def _in(pool: ThreadPoolExecutor, work: Callable[..., T], *args: Any, **named: Any) -> T:
    """Do ``work`` in a thread that leaves no database connection behind."""

    def run() -> T:
        try:
            return work(*args, **named)
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(pool, run)
