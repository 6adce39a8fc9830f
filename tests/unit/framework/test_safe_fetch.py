"""Downloads named by users: what is refused, also behind names and redirects, and what is left on disk."""

import hashlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.safe_fetch import (
    FetchFailed,
    FetchPolicy,
    TooLarge,
    UnsafeUrl,
    check_url,
    fetch,
    parse_networks,
    refusal,
)

BODY = b"image" * 1000
LOCAL = parse_networks("127.0.0.0/8")


def policy(**changes) -> FetchPolicy:
    values = {"max_bytes": 1 << 20, "allowed": LOCAL, "connect_timeout_s": 2, "read_timeout_s": 2, **changes}
    return FetchPolicy(**values)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args) -> None: ...

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Host")))  # type: ignore[attr-defined]
        getattr(self, "answer_" + self.path.strip("/").split("?")[0])()

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_image(self) -> None:
        self.send(200, BODY)

    def answer_private(self) -> None:
        self.send(302, Location="http://10.0.0.1/secret")

    def answer_metadata(self) -> None:
        self.send(307, Location="http://169.254.169.254/latest/meta-data")

    def answer_file(self) -> None:
        self.send(302, Location="file:///etc/passwd")

    def answer_plain(self) -> None:
        self.send(302, Location="http://images.example/image")

    def answer_again(self) -> None:
        self.send(302, Location="/image")

    def answer_loop(self) -> None:
        self.send(302, Location="/loop")

    def answer_missing(self) -> None:
        self.send(404)

    def answer_cut(self) -> None:
        self.send(200, b"half", Content_Length="4000")
        self.close_connection = True

    def answer_zipped(self) -> None:
        self.send(200, b"x", Content_Encoding="gzip")

    def answer_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"0" * 65536)
        except OSError:
            pass

    def answer_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b"0")
                time.sleep(0.1)
        except OSError:
            pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield http
    http.shutdown()
    http.server_close()


@pytest.fixture
def address(server: ThreadingHTTPServer) -> Callable[[str], str]:
    return lambda path: f"http://127.0.0.1:{server.server_port}/{path}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://127.1/x",
        "http://2130706433/x",
        "http://0x7f000001/x",
        "http://0177.0.0.1/x",
        "http://localhost:8080/x",
        "http://a.localhost/x",
        "http://10.1.2.3/x",
        "http://172.16.0.1/x",
        "http://192.168.1.1/x",
        "http://100.64.0.1/x",
        "http://169.254.169.254/latest",
        "http://224.0.0.1/x",
        "http://0.0.0.0/x",
        "http://255.255.255.255/x",
        "http://[::1]/x",
        "http://[::]/x",
        "http://[fe80::1]/x",
        "http://[fd00::1]/x",
        "http://[ff02::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[::127.0.0.1]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://[2002:7f00:1::]/x",
    ],
)
def test_an_address_inside_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(UnsafeUrl) as refused:
        check_url(url, policy(allowed=()))
    assert refused.value.parameter == "url" and refused.value.code == 431
    assert "not a public address" in refused.value.message


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/x",
        "gopher://example.org/x",
        "/etc/passwd",
        "http://",
        "http://user:word@example.org/x",
        "http://example.org:0/x",
        "http://example.org:99999/x",
        "http://exa mple.org/x",
        "http://example.org/a\r\nHost: b",
        "http://[::1/x",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/" + "a" * 3000,
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(UnsafeUrl):
        check_url(url, policy())


def test_public_addresses_and_names_pass() -> None:
    for url in ("https://cloud.debian.org/x.qcow2", "http://93.184.216.34/x", "http://[2606:4700::1111]:8080/x"):
        check_url(url, policy(allowed=()))


def test_allowed_networks_open_exactly_what_they_say() -> None:
    allowed = parse_networks("192.168.7.0/24, fd00::/8")
    assert refusal(ipaddress.ip_address("192.168.7.9"), allowed) is None
    assert refusal(ipaddress.ip_address("fd00::9"), allowed) is None
    assert refusal(ipaddress.ip_address("192.168.8.9"), allowed)
    with pytest.raises(ValueError):
        parse_networks("192.168.0.0/99")


def test_a_file_arrives_with_its_digests(address, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    result = fetch(
        address("image"),
        tmp_path / "image",
        policy(),
        digests=("sha256", "md5"),
        progress=lambda done, whole: seen.append((done, whole)),
    )
    assert (tmp_path / "image").read_bytes() == BODY
    assert result.size_bytes == len(BODY) and seen[-1] == (len(BODY), len(BODY))
    assert result.digests == {"sha256": hashlib.sha256(BODY).hexdigest(), "md5": hashlib.md5(BODY).hexdigest()}


def test_a_name_that_points_inside_is_refused(server, tmp_path: Path) -> None:
    with pytest.raises(UnsafeUrl, match=r"10\.0\.0\.5 is not a public address"):
        fetch("http://images.example/x", tmp_path / "x", policy(allowed=()), resolver=lambda host, port: ["10.0.0.5"])
    assert server.seen == [] and list(tmp_path.iterdir()) == []


def test_one_address_inside_among_public_ones_is_enough_to_refuse(tmp_path: Path) -> None:
    answers = ["93.184.216.34", "127.0.0.1"]
    with pytest.raises(UnsafeUrl):
        fetch("http://images.example/x", tmp_path / "x", policy(allowed=()), resolver=lambda host, port: answers)


def test_the_address_that_was_judged_is_the_one_connected_to(server, tmp_path: Path) -> None:
    """A resolver that changes its mind is asked once; the connection goes to its first answer."""
    answers = [["127.0.0.1"], ["10.0.0.5"], ["10.0.0.5"]]
    url = f"http://images.example:{server.server_port}/image"
    fetch(url, tmp_path / "x", policy(), resolver=lambda host, port: answers.pop(0))
    assert len(answers) == 2
    assert server.seen == [("/image", f"images.example:{server.server_port}")]


def test_a_name_that_turns_inward_between_redirects_is_refused(server, tmp_path: Path) -> None:
    answers = [["127.0.0.1"], ["10.0.0.5"]]
    url = f"http://images.example:{server.server_port}/again"
    with pytest.raises(UnsafeUrl):
        fetch(url, tmp_path / "x", policy(), resolver=lambda host, port: answers.pop(0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["private", "metadata", "file"])
def test_a_redirect_inside_is_refused(address, path: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeUrl):
        fetch(address(path), tmp_path / "x", policy())
    assert list(tmp_path.iterdir()) == []


def test_a_harmless_redirect_is_followed_and_a_loop_is_not(address, tmp_path: Path) -> None:
    assert fetch(address("again"), tmp_path / "x", policy()).size_bytes == len(BODY)
    with pytest.raises(FetchFailed, match="redirects"):
        fetch(address("loop"), tmp_path / "y", policy())


@pytest.mark.parametrize("path", ["image", "endless"])
def test_a_file_that_is_too_large_is_given_up_and_removed(address, path: str, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        fetch(address(path), tmp_path / "x", policy(max_bytes=1000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "words"), [("missing", "404"), ("cut", "4 of 4000"), ("zipped", "gzip"), ("drip", "longer than 1 s")]
)
def test_a_download_that_fails_says_why_and_leaves_nothing(address, path: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ResourceUnavailable, match=words):
        fetch(address(path), tmp_path / "x", policy(total_timeout_s=1))
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_silent_or_absent_is_a_plain_failure(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(FetchFailed, match="sent nothing"):
            fetch(f"http://127.0.0.1:{port}/x", tmp_path / "x", policy(read_timeout_s=0.3))
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetch(f"http://127.0.0.1:{port}/x", tmp_path / "x", policy())


def test_a_symbolic_link_in_the_way_is_not_written_through(address, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "x").symlink_to(victim)
    with pytest.raises(FetchFailed):
        fetch(address("image"), tmp_path / "x", policy())
    assert victim.read_text() == "mine"


def test_who_reports_progress_may_stop_the_download(address, tmp_path: Path) -> None:
    def stop(done: int, whole: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(address("image"), tmp_path / "x", policy(), progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A server with a certificate for images.example that nobody trusts; its port and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "images.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("images.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    chain = folder / "chain.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.seen = []  # type: ignore[attr-defined]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield http.server_port, chain
    http.shutdown()
    http.server_close()


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server, tmp_path: Path) -> None:
    url = f"https://images.example:{tls_server[0]}/image"
    with pytest.raises(FetchFailed, match="no secure connection"):
        fetch(url, tmp_path / "x", policy(), resolver=lambda host, port: ["127.0.0.1"])
    assert list(tmp_path.iterdir()) == []


def test_the_certificate_must_be_for_the_name_although_the_address_is_pinned(
    tls_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, chain = tls_server
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))

    def inside(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    result = fetch(f"https://images.example:{port}/image", tmp_path / "x", policy(), resolver=inside)
    assert result.size_bytes == len(BODY)
    with pytest.raises(FetchFailed, match="no secure connection"):
        fetch(f"https://other.example:{port}/image", tmp_path / "y", policy(), resolver=inside)


def test_a_redirect_out_of_tls_is_refused(tls_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, chain = tls_server
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    with pytest.raises(UnsafeUrl, match="from https to http"):
        fetch(
            f"https://images.example:{port}/plain", tmp_path / "x", policy(), resolver=lambda host, port: ["127.0.0.1"]
        )
