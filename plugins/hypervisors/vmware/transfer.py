"""Files that go to vCenter or to a host: by HTTPS, to whom the same trust applies as to the API."""

import http.client
import ssl
from collections.abc import Callable, Iterator
from typing import IO
from urllib.parse import quote, urlencode, urlsplit

from cloudstack.contracts.errors import DriverError
from plugins.hypervisors.vmware.trust import Trust
from plugins.hypervisors.vmware.vcenter import VCenter

CHUNK = 1 << 20
TIMEOUT_S = 300.0


def put_disk(
    vc: VCenter, url: str, thumbprint: str, size: int, content: IO[bytes], sent: Callable[[int], None]
) -> None:
    """Send a disk to the address that an import named. A host is believed by the thumbprint that vCenter told of it."""
    parts = urlsplit(url.replace("*", f"{vc.place.server}:{vc.place.port}", 1))
    trust = Trust.from_details({"thumbprint": thumbprint}) if thumbprint else vc.session.login.trust
    headers = {"Content-Type": "application/x-vnd.vmware-streamVmdk"}
    _put(parts.hostname or "", parts.port, parts.path, trust.context(), size, _told(content, sent), headers)


def put_file(vc: VCenter, datastore: str, file: str, size: int, content: IO[bytes]) -> None:
    """Write a file of a datastore, through vCenter."""
    query = urlencode({"dcPath": vc.place.datacenter, "dsName": datastore})
    headers = {"Content-Type": "application/octet-stream", "Cookie": vc.session.stub.cookie}
    context = vc.session.login.trust.context()
    place = vc.place
    _put(place.server, place.port, f"/folder/{quote(file)}?{query}", context, size, _told(content, None), headers)


def _put(
    server: str,
    port: int | None,
    path: str,
    context: ssl.SSLContext,
    size: int,
    content: Iterator[bytes],
    headers: dict[str, str],
) -> None:
    connection = http.client.HTTPSConnection(server, port, timeout=TIMEOUT_S, context=context)
    try:
        connection.request("PUT", path, body=content, headers={**headers, "Content-Length": str(size)})
        answer = connection.getresponse()
        words = answer.read(1000).decode("utf-8", "replace").strip()
    finally:
        connection.close()
    if answer.status not in (200, 201, 204):
        raise DriverError(f"vCenter took no file: {answer.status} {answer.reason} {words}".rstrip(), retryable=True)


def _told(content: IO[bytes], sent: Callable[[int], None] | None) -> Iterator[bytes]:
    done = 0
    while chunk := content.read(CHUNK):
        yield chunk
        done += len(chunk)
        if sent is not None:
            sent(done)
