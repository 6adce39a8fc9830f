"""Downloads from addresses that users name, without becoming their tool against our own network.

The host is resolved once, every answer is judged, and the connection goes to exactly that address: a
name that changes its mind between check and use gains nothing. Redirects are judged like the first
address. Size and time are bounded; proxies of the environment are not used.
"""

import hashlib
import http.client
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from cloudstack.framework.errors import InvalidParameter, ResourceUnavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]
"""From a host name and a port to the addresses it has now."""
Progress = Callable[[int, int | None], None]
"""Told the bytes received and, if known, the bytes to come in all; may raise to stop the download."""

PORTS = {"http": 80, "https": 443}
CHUNK = 1 << 20
REDIRECTS = (301, 302, 303, 307, 308)
_EXTRA_PRIVATE = tuple(
    ipaddress.ip_network(text)
    # Older Pythons call these global; some carry another address inside.
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "fec0::/10", "::/96")
)
_PATH_SAFE = "/%?=&:;,+@!$'()*~[]"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UnsafeUrl(InvalidParameter):
    """The address is one that the platform does not fetch from."""


class FetchFailed(ResourceUnavailable):
    """The download did not succeed."""


class TooLarge(FetchFailed):
    """The file is larger than allowed."""


@dataclass(frozen=True, kw_only=True)
class FetchPolicy:
    """Bounds of a download. ``allowed`` are networks that may be reached although they are not public."""

    max_bytes: int
    allowed: tuple[Network, ...] = ()
    max_redirects: int = 5
    connect_timeout_s: float = 10
    read_timeout_s: float = 60
    total_timeout_s: float = 4 * 3600


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of the server. ``verify_tls=False`` takes any certificate."""

    method: str = "GET"
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    verify_tls: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said to a :class:`Question`: status and the beginning of its text."""

    status: int
    text: str


@dataclass(frozen=True, kw_only=True)
class FetchResult:
    """What was received: final address, size in bytes, digests in hex by algorithm."""

    url: str
    size_bytes: int
    digests: dict[str, str] = field(default_factory=dict)


def parse_networks(text: str) -> tuple[Network, ...]:
    """A comma list of CIDRs; raises ``ValueError`` that names the wrong one."""
    return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def refusal(address: Address, allowed: Iterable[Network] = ()) -> str | None:
    """Why this address is not to be reached, or None when it may be."""
    if any(address in network for network in allowed if network.version == address.version):
        return None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return refusal(inner, allowed)
    private = not address.is_global or address.is_multicast or address.is_reserved
    if private or any(address in network for network in _EXTRA_PRIVATE if network.version == address.version):
        return f"{address} is not a public address"
    return None


def check_url(url: str, policy: FetchPolicy, *, parameter: str = "url") -> SplitResult:
    """Judge what can be judged without asking anybody: form, scheme, and an address given as such.

    Raises ``UnsafeUrl``. The name of a host is judged again, by its addresses, when it is fetched.
    """

    def refuse(reason: str) -> UnsafeUrl:
        return UnsafeUrl(f"{parameter} {reason}", parameter=parameter)

    if len(url) > 2048 or re.search(r"[\x00-\x20\x7f\\]", url):
        raise refuse("is no web address: it has blanks, control characters or more than 2048 characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refuse(f"is no web address: {error}") from None
    if parts.scheme not in PORTS:
        raise refuse(f"must begin with http:// or https://, not {parts.scheme or url[:16]!r}")
    if parts.username is not None or parts.password is not None:
        raise refuse("must not carry a user name or password: it would be stored and shown in clear")
    host = (parts.hostname or "").rstrip(".")
    if not host or port == 0:
        raise refuse("names no host")
    address = _literal("127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host)
    if address is not None and (reason := refusal(address, policy.allowed)):
        raise refuse(_not_allowed(host, reason))
    return parts


def fetch(
    url: str,
    target: Path,
    policy: FetchPolicy,
    *,
    digests: Iterable[str] = ("sha256",),
    progress: Progress | None = None,
    resolver: Resolver | None = None,
) -> FetchResult:
    """Download ``url`` into the new file ``target``; whatever goes wrong, no file is left.

    Raises ``UnsafeUrl`` (an address that must not be reached, also behind a name or a redirect),
    ``TooLarge`` or ``FetchFailed`` with the reason.
    """
    deadline = time.monotonic() + policy.total_timeout_s
    seen_tls = False
    for _hop in range(policy.max_redirects + 1):
        parts = check_url(url, policy)
        if seen_tls and parts.scheme != "https":
            raise UnsafeUrl(f"url redirects from https to {parts.scheme}", parameter="url")
        seen_tls = seen_tls or parts.scheme == "https"
        with _Exchange(parts, policy, resolver or resolve, deadline) as exchange:
            response = exchange.response
            if response.status in REDIRECTS:
                url = urljoin(url, response.getheader("Location") or "")
                continue
            if response.status != 200:
                raise FetchFailed(f"{parts.netloc} answered {response.status} {response.reason}"[:200])
            return exchange.save(url, target, digests, progress)
    raise FetchFailed(f"more than {policy.max_redirects} redirects")


def send(url: str, question: Question, policy: FetchPolicy, *, resolver: Resolver | None = None) -> Answer:
    """Ask a server that a user names, and read at most ``policy.max_bytes`` of its answer; redirects are not followed.

    Raises ``UnsafeUrl`` for an address that must not be reached, and ``FetchFailed`` when there was no answer.
    """
    deadline = time.monotonic() + policy.total_timeout_s
    parts = check_url(url, policy)
    with _Exchange(parts, policy, resolver or resolve, deadline, question) as exchange:
        return Answer(status=exchange.response.status, text=exchange.beginning())


def resolve(host: str, port: int) -> list[str]:
    """All addresses that the system's resolver gives for ``host``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchFailed(f"the host {host} is not known: {error}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _literal(host: str) -> Address | None:
    """The address that ``host`` spells, in any spelling that a resolver would accept (``127.1``, ``0x7f000001``)."""
    try:
        return ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        pass
    if re.fullmatch(r"[0-9a-fx.]+", host):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            pass
    return None


class _Exchange:
    """One request to one judged address; closes everything at the end and at the deadline."""

    def __init__(
        self,
        parts: SplitResult,
        policy: FetchPolicy,
        resolver: Resolver,
        deadline: float,
        question: Question = Question(),
    ):
        self.parts, self.policy, self.deadline, self.question = parts, policy, deadline, question
        self.host = (parts.hostname or "").rstrip(".")
        self.port = parts.port or PORTS[parts.scheme]
        self.resolver = resolver
        self.expired = False
        self.what = "download" if question.method == "GET" else "answer"

    def __enter__(self) -> "_Exchange":
        self.sock = self._connect()
        # A server that drips one byte at a time never trips the read timeout.
        self.timer = threading.Timer(max(self.deadline - time.monotonic(), 0.001), self._expire)
        self.timer.daemon = True
        self.timer.start()
        try:
            self.response = self._ask()
        except BaseException as error:
            self.__exit__()
            raise self._explained(error) from None
        return self

    def __exit__(self, *details: object) -> None:
        self.timer.cancel()
        self.sock.close()

    def save(self, url: str, target: Path, digests: Iterable[str], progress: Progress | None) -> FetchResult:
        encoding = self.response.getheader("Content-Encoding", "identity")
        if encoding != "identity":
            raise FetchFailed(f"{self.parts.netloc} sends the file in the encoding {encoding[:40]!r}, unasked")
        expected = self.response.length
        if expected is not None and expected > self.policy.max_bytes:
            raise TooLarge(f"the file has {expected} bytes, {self.policy.max_bytes} are allowed")
        hashes = {name: hashlib.new(name, usedforsecurity=False) for name in digests}
        try:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                size = self._copy(file, list(hashes.values()), expected, progress)
        except BaseException as error:
            target.unlink(missing_ok=True)
            raise self._explained(error) from None
        return FetchResult(url=url, size_bytes=size, digests={name: h.hexdigest() for name, h in hashes.items()})

    def beginning(self) -> str:
        """The first bytes of the answer as text."""
        try:
            return self.response.read(self.policy.max_bytes).decode("utf-8", "replace")
        except BaseException as error:
            raise self._explained(error) from None

    def _copy(
        self, file: IO[bytes], hashes: list["hashlib._Hash"], expected: int | None, progress: Progress | None
    ) -> int:
        size = 0
        while chunk := self.response.read(CHUNK):
            size += len(chunk)
            if size > self.policy.max_bytes:
                raise TooLarge(f"the file has more than the {self.policy.max_bytes} bytes that are allowed")
            for digest in hashes:
                digest.update(chunk)
            file.write(chunk)
            if progress:
                progress(size, expected)
        if self.expired:
            raise TimeoutError
        if expected is not None and size != expected:
            raise FetchFailed(f"the connection ended after {size} of {expected} bytes")
        return size

    def _connect(self) -> socket.socket:
        literal = _literal(self.host)
        answers = [str(literal)] if literal else self.resolver(self.host, self.port)
        if not answers:
            raise FetchFailed(f"the host {self.host} has no address")
        for text in answers:
            reason = refusal(ipaddress.ip_address(text.split("%")[0]), self.policy.allowed)
            if reason:
                raise UnsafeUrl(f"url {_not_allowed(self.host, reason)}", parameter="url")
        problem: OSError | None = None
        for text in answers:
            remaining = self.deadline - time.monotonic()
            try:
                return socket.create_connection(
                    (text, self.port), timeout=max(min(self.policy.connect_timeout_s, remaining), 0.001)
                )
            except OSError as error:
                problem = error
        raise FetchFailed(f"{self.host} cannot be reached on port {self.port}: {problem}")

    def _ask(self) -> http.client.HTTPResponse:
        if self.parts.scheme == "https":
            context = ssl.create_default_context()
            if not self.question.verify_tls:
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
        self.sock.settimeout(self.policy.read_timeout_s)
        kind = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.host, self.port)
        connection.sock = self.sock
        path = quote(self.parts._replace(scheme="", netloc="", fragment="").geturl(), safe=_PATH_SAFE)
        headers = {"User-Agent": "cloudstack", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        headers |= self.question.headers
        path = path if path.startswith("/") else "/" + path
        connection.request(self.question.method, path, body=self.question.body, headers=headers)
        return connection.getresponse()

    def _expire(self) -> None:
        self.expired = True
        try:
            # Not SSLSocket's own shutdown: it would let the reader go on in clear.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            pass

    def _explained(self, error: BaseException) -> BaseException:
        if self.expired:
            return FetchFailed(f"the {self.what} took longer than {self.policy.total_timeout_s:.0f} seconds")
        if isinstance(error, TimeoutError):
            return FetchFailed(f"{self.host} sent nothing for {self.policy.read_timeout_s:.0f} seconds")
        if isinstance(error, ssl.SSLError):
            return FetchFailed(f"no secure connection to {self.host}: {error.reason or error}")
        if isinstance(error, http.client.HTTPException | OSError):
            return FetchFailed(f"the {self.what} from {self.host} broke off: {type(error).__name__} {error}"[:300])
        return error


def _not_allowed(host: str, reason: str) -> str:
    named = f"{host}: " if not reason.startswith(host) else ""
    return f"points to {named}{reason}; an administrator can allow networks by a setting"
