"""Connections to libvirt: one per process and address, kept alive, opened again when lost."""

import ctypes
import logging
import os
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import libvirt

from cloudstack.contracts.errors import DriverUnavailable, InvalidSpec
from cloudstack.contracts.host import HostRef
from plugins.hypervisors.kvm.errors import lost_connection, translate
from plugins.hypervisors.kvm.event_loop import event_loop

log = logging.getLogger(__name__)

SCHEMES = frozenset({"qemu", "qemu+unix", "qemu+ssh", "qemu+tls", "qemu+tcp", "test"})
# libvirt would run what these name: an address must not be a way to start programs on the portal.
REFUSED_OPTIONS = frozenset({"command", "netcat", "sshauth_command"})
OPEN_TIMEOUT_S = 30.0
KEEPALIVE_INTERVAL_S = 5
KEEPALIVE_COUNT = 6

# Errors reach us as exceptions; libvirt would print them to standard error as well.
libvirt.registerErrorHandler(lambda context, error: None, None)


def connection_url(url: str) -> str:
    """The address as it is given to libvirt; ``InvalidSpec`` for one that this plugin will not open."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise InvalidSpec(f"{public_url(url)}: the address must begin with one of {', '.join(sorted(SCHEMES))}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    refused = sorted(options.keys() & REFUSED_OPTIONS)
    if refused:
        raise InvalidSpec(f"{public_url(url)}: the option {', '.join(refused)} is not allowed in a host address")
    if parts.scheme == "qemu+ssh" and "no_tty" not in options:
        # ssh must fail, not wait for somebody to type a password
        return f"{url}{'&' if parts.query else '?'}no_tty=1"
    return url


def public_url(url: str) -> str:
    """The address without a password and without options, fit for messages."""
    parts = urlsplit(url)
    user, _, address = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return f"{parts.scheme}://{name}{'@' if name else ''}{address}{parts.path}"


class _Slot:
    """The place of one address: its lock lets one thread open while others of that address wait."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.conn: libvirt.virConnect | None = None


class Connections:
    """All connections of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[tuple[Any, ...], _Slot] = {}

    def get(self, host: HostRef) -> libvirt.virConnect:
        """A living connection to ``host``; raises ``DriverUnavailable`` when there is none to be had."""
        with self._lock:
            slot = self._slots.setdefault(_key(host), _Slot())
        with slot.lock:
            if slot.conn is not None and not _alive(slot.conn):
                slot.conn = None
            if slot.conn is None:
                slot.conn = open_connection(host)
            return slot.conn

    def forget(self, host: HostRef, conn: libvirt.virConnect) -> None:
        """Drop a connection that failed, so that the next caller opens a new one."""
        with self._lock:
            slot = self._slots.get(_key(host))
        if slot is None:
            return
        with slot.lock:
            if slot.conn is conn:
                slot.conn = None

    def after_fork(self) -> None:
        """Leave the parent's connections alone: closing them here would hang up on the parent."""
        for slot in self._slots.values():
            if slot.conn is not None:
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(slot.conn))
        self._lock = threading.Lock()
        self._slots = {}


connections = Connections()
os.register_at_fork(after_in_child=connections.after_fork)


@contextmanager
def session(host: HostRef, doing: str) -> Iterator[libvirt.virConnect]:
    """A connection for one piece of work; libvirt's errors leave it as driver errors that say what was done."""
    conn = connections.get(host)
    try:
        yield conn
    except libvirt.libvirtError as error:
        if lost_connection(error) or not _alive(conn):
            connections.forget(host, conn)
            raise DriverUnavailable(f"{host.name}: {doing}: {error.get_error_message() or error}") from error
        raise translate(error, f"{host.name}: {doing}") from error


def open_connection(host: HostRef) -> libvirt.virConnect:
    """Open a connection of one's own; it closes when nobody refers to it any more.

    Waits at most ``connect_timeout_s`` of the host's details: a host that swallows packets would
    otherwise hold the worker for minutes.
    """
    url = connection_url(host.url)
    has_loop = event_loop.ensure()
    answer: queue.SimpleQueue[libvirt.virConnect | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put(libvirt.openAuth(url, _auth(host.secrets), 0))
        except Exception as error:
            answer.put(error)

    timeout_s = float(host.details.get("connect_timeout_s", OPEN_TIMEOUT_S))
    threading.Thread(target=work, name=f"libvirt-open-{host.name}", daemon=True).start()
    where = f"{host.name} ({public_url(host.url)})"
    try:
        result = answer.get(timeout=timeout_s)
    except queue.Empty:
        raise DriverUnavailable(f"{where} did not answer within {timeout_s:g} s") from None
    if isinstance(result, libvirt.libvirtError):
        raise DriverUnavailable(f"{where} cannot be reached: {result.get_error_message() or result}") from result
    if isinstance(result, Exception):
        raise result
    if has_loop:
        _keep_alive(result)
    log.info("connected to %s", where)
    return result


def _keep_alive(conn: libvirt.virConnect) -> None:
    try:
        conn.setKeepAlive(KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT)
    except libvirt.libvirtError as error:
        log.debug("no keepalive on this connection: %s", error)  # the test driver has none and needs none


def _alive(conn: libvirt.virConnect) -> bool:
    try:
        return bool(conn.isAlive())
    except libvirt.libvirtError:
        return False


def _key(host: HostRef) -> tuple[Any, ...]:
    return (host.url, tuple(sorted(host.secrets.items())))


def _auth(secrets: Mapping[str, str]) -> list[Any]:
    """SASL by the secrets ``username`` and ``password`` of the host; never a prompt."""
    wanted = {
        libvirt.VIR_CRED_AUTHNAME: secrets.get("username", ""),
        libvirt.VIR_CRED_USERNAME: secrets.get("username", ""),
        libvirt.VIR_CRED_PASSPHRASE: secrets.get("password", ""),
        libvirt.VIR_CRED_NOECHOPROMPT: secrets.get("password", ""),
    }

    def answer(credentials: list[list[Any]], _: Any) -> int:
        for credential in credentials:
            value = wanted.get(credential[0])
            if not value:
                return -1
            credential[4] = value
        return 0

    return [list(wanted), answer, None]
