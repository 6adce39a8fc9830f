"""Where things are: ``https://vcenter.example.org/Datacenter/Cluster/esx1.example.org``."""

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from cloudstack.contracts.errors import InvalidSpec

HTTPS_PORT = 443
FORM = "https://vcenter.example.org/datacenter/cluster/host"


@dataclass(frozen=True)
class Place:
    """A datacenter of a vCenter, a cluster in it, and one of its hosts; ``host`` is empty for the cluster itself."""

    server: str
    port: int
    datacenter: str
    cluster: str
    host: str = ""

    @property
    def host_path(self) -> str:
        """Inventory path of the host."""
        return f"{self.datacenter}/host/{self.cluster}/{self.host}"

    @property
    def cluster_path(self) -> str:
        return f"{self.datacenter}/host/{self.cluster}"

    def url_of(self, host: str) -> str:
        """The address by which ``host`` of this cluster is known to the portal."""
        server = f"[{self.server}]" if ":" in self.server else self.server
        port = "" if self.port == HTTPS_PORT else f":{self.port}"
        path = "/".join(quote(part, safe="") for part in (self.datacenter, self.cluster, host))
        return f"https://{server}{port}/{path}"


def place_of(url: str, *, of_host: bool = True) -> Place:
    """Read an address. Raises ``InvalidSpec`` that says how one is written."""
    parts = urlsplit(url.strip())
    names = [unquote(part) for part in parts.path.strip("/").split("/")]
    wanted = 3 if of_host else 2
    try:
        port = parts.port or HTTPS_PORT
    except ValueError:
        port = 0
    # vCenter is only ever spoken to by TLS; the scheme http is what CloudStack's clients write.
    if parts.scheme not in ("http", "https") or not parts.hostname or not port:
        raise InvalidSpec(f"{url!r} names no vCenter; write {FORM}")
    if len(names) != wanted or not all(names) or any("/" in name for name in names):
        what = "a datacenter, a cluster and a host" if of_host else "a datacenter and a cluster"
        raise InvalidSpec(f"{url!r} does not name {what}; write {FORM if of_host else FORM.rpartition('/')[0]}")
    return Place(parts.hostname, port, *names)
