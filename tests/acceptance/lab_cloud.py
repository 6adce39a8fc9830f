"""A whole installation with real hypervisors, seen as its users, its operator and its guests see it."""

import contextlib
import functools
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cs import CloudStack

from cloudstack.contracts.agent import ListNetworkState, NetworkStateAnswer
from tests.integration.lab.conftest import Lab, eventually
from tests.integration.runtime.installation import Installation

PATIENCE_S = 240
"""How long one job may take: the machine is shared with other tests. What must be quick has its own bound."""
SSH_OPTIONS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=10")


def read_admin_env(data: Path) -> dict[str, str]:
    lines = (data / "admin.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


class LabCloud:
    """The portal of one installation, its two hosts, and what lies on them."""

    def __init__(self, installation: Installation, key: Path):
        self.installation = installation
        self.key = key
        self.lab = Lab(installation.data, installation.config().effective_redis_url)
        env = read_admin_env(installation.data)
        self.endpoint = env["CLOUDSTACK_ENDPOINT"]
        self.admin = self.client(env["CLOUDSTACK_KEY"], env["CLOUDSTACK_SECRET"])

    def client(self, key: str, secret: str) -> CloudStack:
        """The client from PyPI as it is, with the keys of one user."""
        return CloudStack(endpoint=self.endpoint, key=key, secret=secret, poll_interval=0.3, job_timeout=PATIENCE_S)

    def tenant(self, name: str) -> CloudStack:
        """A new account with one user; its client."""
        made = self.admin.createAccount(
            username=name, password="Correct-horse-7", firstname=name, lastname="x", email=f"{name}@example.org",
            accounttype=0, account=name,
        )  # fmt: skip
        keys = self.admin.registerUserKeys(id=made["account"]["user"][0]["id"])["userkeys"]
        return self.client(keys["apikey"], keys["secretkey"])

    def isolated_network(self, client: CloudStack, name: str) -> str:
        """UUID of a new isolated network of the client's."""
        offerings = client.listNetworkOfferings(fetch_list=True)
        [isolated] = [offering for offering in offerings if offering["guestiptype"] == "Isolated"]
        made = client.createNetwork(name=name, displaytext=name, zoneid=self.zone, networkofferingid=isolated["id"])
        return str(made["network"]["id"])

    # ------------------------------------------------------------------ what the portal has

    @functools.cached_property
    def zone(self) -> str:
        [zone] = [zone for zone in self.admin.listZones(fetch_list=True) if zone["name"] == "lab"]
        return str(zone["id"])

    @functools.cached_property
    def template(self) -> str:
        [found] = self.admin.listTemplates(templatefilter="featured", zoneid=self.zone, fetch_list=True)
        return str(found["id"])

    @functools.cached_property
    def offering(self) -> str:
        """The smallest one that the template boots in."""
        offerings = self.admin.listServiceOfferings(fetch_list=True)
        return str(min(offerings, key=lambda offering: offering["memory"])["id"])

    @functools.cached_property
    def network(self) -> dict[str, Any]:
        [found] = self.admin.listNetworks(zoneid=self.zone, fetch_list=True)
        return dict(found)

    @functools.cached_property
    def hosts(self) -> dict[str, str]:
        """Name → UUID."""
        found = self.admin.listHosts(zoneid=self.zone, type="Routing", fetch_list=True)
        return {host["name"]: host["id"] for host in found}

    def deploy(self, client: CloudStack | None = None, **more: Any) -> dict[str, Any]:
        """Deploy and wait; the machine as the job shows it."""
        return dict(self.deploying(client, fetch_result=True, **more)["virtualmachine"])

    def deploying(self, client: CloudStack | None = None, **more: Any) -> dict[str, Any]:
        params = {"zoneid": self.zone, "templateid": self.template, "serviceofferingid": self.offering, **more}
        return dict((client or self.admin).deployVirtualMachine(**params))

    def machine(self, uuid: str) -> dict[str, Any]:
        found = self.admin.listVirtualMachines(id=uuid, listall=True, fetch_list=True)
        return dict(found[0]) if found else {}

    def job(self, uuid: str) -> dict[str, Any]:
        return dict(self.admin.queryAsyncJobResult(jobid=uuid))

    def ended(self, job: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The job when it has ended, well or badly."""
        return dict(eventually(lambda: self._if_ended(job), seconds=seconds, what=f"end of job {job}"))

    def _if_ended(self, uuid: str) -> dict[str, Any] | None:
        # The portal itself may be on its way back.
        with contextlib.suppress(Exception):
            job = self.job(uuid)
            return job if job["jobstatus"] else None
        return None

    def used(self, client: CloudStack) -> dict[str, int]:
        """What the client's account counts; the account sees itself only."""
        [account] = client.listAccounts(fetch_list=True)
        kinds = ("vm", "cpu", "memory", "volume", "primarystorage", "network")
        return {kind: int(account[f"{kind}total"]) for kind in kinds}

    def allocated(self) -> dict[str, int]:
        """Host name → bytes of memory promised there."""
        found = self.admin.listHosts(zoneid=self.zone, type="Routing", fetch_list=True)
        return {host["name"]: int(host["memoryallocatedbytes"]) for host in found}

    def step(self, job: str) -> str:
        """Title of the step that a worker is in, straight from the database: to aim a kill at a moment."""
        with contextlib.closing(sqlite3.connect(f"file:{self.installation.data}/db.sqlite3?mode=ro", uri=True)) as db:
            rows = db.execute(
                "select s.title from jobs_jobstep s join jobs_asyncjob j on j.id = s.job_id"
                " where s.state = 'doing' and j.uuid = ?",
                [job.replace("-", "")],
            )
            found = rows.fetchone()
        return str(found[0]) if found else ""

    # ------------------------------------------------------------------ what is on the hosts

    def domains(self) -> dict[tuple[str, str], str]:
        """(host, instance name) → state, of every domain that libvirt on either host knows."""
        found = {}
        for host in self.hosts:
            for line in self.lab.virsh(host, "list", "--all", "--name").split():
                found[host, line] = self.lab.virsh(host, "domstate", line).strip()
        return found

    def where(self, vm: dict[str, Any]) -> list[str]:
        """Hosts on which the machine's domain is defined or runs."""
        return [host for host, name in self.domains() if name == vm["instancename"]]

    def host_of(self, vm: str) -> str:
        return str(self.machine(vm)["hostname"])

    def init_pid(self, host: str) -> int:
        return int(self.lab.host(host)["init_pid"])

    def files(self) -> set[str]:
        """Every file on the shared pool and every file of a machine on a host.

        libvirt's own log of each machine is not ours to delete: it stays for the operator.
        """
        pool = self.installation.data / "lab" / "primary"
        found = {str(path.relative_to(pool)) for path in pool.rglob("*") if path.is_file()}
        for host in self.hosts:
            root = Path(f"/proc/{self.init_pid(host)}/root")
            for folder in ("etc/libvirt", "run/libvirt", "var/lib/libvirt", "var/log/libvirt"):
                for path in (root / folder).rglob("*"):
                    ours = re.search(r"/(seed-|console-|i-\w+-VM|domain-\d+-i-)", str(path))
                    if ours and "log/libvirt/qemu/" not in str(path):
                        found.add(f"{host}:{path.relative_to(root)}")
        return found

    def network_state(self, host: str) -> NetworkStateAnswer:
        answer = self.lab.ask(host, ListNetworkState())
        assert isinstance(answer, NetworkStateAnswer)
        return answer

    def taps(self) -> list[str]:
        return [f"{host}:{tap}" for host in self.hosts for tap in self.network_state(host).taps]

    def known_cards(self) -> set[str]:
        """MAC addresses that a DHCP server has an entry or a lease for."""
        servers = [server for host in self.hosts for server in self.network_state(host).dhcp]
        return {entry.mac for server in servers for entry in server.hosts} | {
            mac for server in servers for mac in server.leases
        }

    def dhcp_place(self, network: str) -> tuple[str, str]:
        """Host and namespace of a network's DHCP server: from there its guests are reached."""
        for host in self.hosts:
            for server in self.network_state(host).dhcp:
                if server.network_uuid == network:
                    return host, server.namespace
        raise AssertionError(f"no host serves network {network}")

    def guest(self, vm: dict[str, Any], card: int = 0) -> "Guest":
        nic = vm["nic"][card]
        host, namespace = self.dhcp_place(nic["networkid"])
        return Guest(self, vm["id"], nic["ipaddress"], host, namespace)


@dataclass(frozen=True)
class Guest:
    """A running guest, reached from the namespace of its network's DHCP server."""

    cloud: LabCloud
    vm: str
    ip: str
    host: str
    namespace: str

    def inside(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program where the guest's network is."""
        return self.cloud.lab.inside(self.host, "ip", "netns", "exec", self.namespace, *argv, check=check)

    def ping(self, ip: str = "") -> bool:
        return self.inside("ping", "-c", "1", "-W", "1", ip or self.ip, check=False).returncode == 0

    def ssh(self, command: str, *, check: bool = True) -> str:
        options = [word for option in SSH_OPTIONS for word in ("-o", option)]
        argv = ("ssh", "-i", str(self.cloud.key), *options, f"root@{self.ip}", command)
        return self.inside(*argv, check=check).stdout.strip()

    def reachable(self, seconds: float = 120) -> "Guest":
        """Itself, as soon as it answers ping and lets the owner of the key in."""
        self.reachable_by_ping(seconds)
        eventually(self.accepts_ssh, seconds=60, what=f"SSH of {self.ip}")
        return self

    def reachable_by_ping(self, seconds: float = 120) -> "Guest":
        eventually(self.ping, seconds=seconds, what=f"ping of {self.ip}")
        return self

    def accepts_ssh(self) -> bool:
        return self.ssh("echo in", check=False) == "in"

    @contextlib.contextmanager
    def pinged(self, interval_s: float = 0.2) -> Iterator["Pings"]:
        """Ping without pause for as long as the block lasts; the counts are there after it."""
        place = f"/proc/{self.cloud.init_pid(self.host)}/root/run/netns/{self.namespace}"
        argv = ["nsenter", f"--net={place}", "ping", "-n", "-i", str(interval_s), self.ip]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        pings = Pings()
        try:
            time.sleep(1)
            yield pings
            time.sleep(1)
        finally:
            process.send_signal(signal.SIGINT)
            output = process.communicate(timeout=10)[0]
        counts = re.search(r"(\d+) packets transmitted, (\d+) received", output)
        assert counts, output
        pings.sent, pings.answered = int(counts[1]), int(counts[2])


@dataclass
class Pings:
    sent: int = 0
    answered: int = 0

    @property
    def lost(self) -> int:
        return self.sent - self.answered


@dataclass
class KillAt:
    """Does something at a moment that is looked for all the time, from a thread of its own."""

    moment: Callable[[], object]
    act: Callable[[], object]
    seconds: float = 120
    done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "KillAt":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(self.seconds)
        assert self.done.is_set(), "the moment did not come"

    def _watch(self) -> None:
        deadline = time.monotonic() + self.seconds
        while time.monotonic() < deadline:
            if self.moment():
                self.act()
                self.done.set()
                return
            time.sleep(0.005)


def running_qemu(instance: str) -> list[int]:
    """Processes of QEMU for this machine, on whatever host."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"qemu-system" in words[0] and any(instance.encode() in word for word in words):
                found.append(int(entry.name))
    return found


def report(record_property: Callable[[str, object], None], name: str, value: object) -> None:
    """A figure worth reading, in the test's report and with ``-s`` on the screen."""
    record_property(name, value)
    print(f"\n{name}: {value}")  # noqa: T201
