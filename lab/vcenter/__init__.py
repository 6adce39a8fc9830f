"""A vCenter to test against: govmomi's simulator, which Debian packages as a library, behind a small program of ours.

Built once for each version of its source and kept in the cache. It needs Go and the package, but no root.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

from lab.net import CommandFailed

SOURCE = Path(__file__).resolve().parent / "main.go"
GOPATH = Path("/usr/share/gocode")
LIBRARY = GOPATH / "src/github.com/vmware/govmomi/simulator"
PACKAGES = "golang-go golang-github-vmware-govmomi-dev"
USER = "administrator@vsphere.local"
BUILD_S, START_S = 600, 60


@dataclass(frozen=True)
class VCenter:
    """How a running one is reached. ``thumbprint`` is the SHA-256 of its certificate, ``certificate`` is PEM."""

    host: str
    port: int
    username: str
    password: str
    certificate: str
    pid: int

    @property
    def thumbprint(self) -> str:
        return hashlib.sha256(PEM_cert_to_DER_cert(self.certificate)).hexdigest()

    def url(self, host: str = "") -> str:
        """Address of the cluster, or of one of its hosts: ``DC0_C0_H0``, ``DC0_C0_H1``…"""
        return f"https://{self.host}:{self.port}/DC0/DC0_C0" + (f"/{host}" if host else "")


def problems() -> list[str]:
    """Why there can be no vCenter here, one sentence each."""
    found = []
    if not go_compiler():
        found.append(f"the vCenter simulator needs Go: apt-get install --no-install-recommends {PACKAGES}")
    if not LIBRARY.is_dir():
        found.append(f"{LIBRARY} not found: apt-get install --no-install-recommends {PACKAGES}")
    return found


def go_compiler() -> str:
    return shutil.which("go", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/go/bin"))) or ""


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cloudstack" / "vcenter"


def ensure_program(*, say: Callable[[str], None] = print) -> Path:
    """The program, built when no cached one has this source."""
    lacking = problems()
    if lacking:
        raise CommandFailed("; ".join(lacking))
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            say("building the vCenter simulator")
            _build(target)
    return target


@contextlib.contextmanager
def running(*, hosts: int = 3, machines: int = 0, say: Callable[[str], None] = print) -> Iterator[VCenter]:
    """A vCenter for as long as the block runs, with one cluster; it also ends with this process."""
    program = ensure_program(say=say)
    with tempfile.TemporaryDirectory(prefix="cloudstack-vcenter-") as scratch, open(f"{scratch}/log", "wb") as log:
        process, center = _start(program, hosts, machines, scratch, log.fileno(), tethered=True)
        try:
            yield center
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                # It waits for answers that it still owes; there is nothing in it to be kept.
                process.kill()
                process.wait(timeout=10)


def up(data: Path, *, hosts: int = 3, machines: int = 0, say: Callable[[str], None] = print) -> VCenter:
    """Have one run in the background, or the one that does."""
    present = status(data)
    if present is not None:
        return present
    base = data / "lab"
    scratch = base / "vcenter"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with (base / "vcenter.log").open("wb") as log:
        _, center = _start(ensure_program(say=say), hosts, machines, str(scratch), log.fileno(), tethered=False)
    state = base / "vcenter.json"
    state.touch(mode=0o600)
    state.write_text(json.dumps(asdict(center)))
    return center


def status(data: Path) -> VCenter | None:
    """The one that runs in the background."""
    try:
        center = VCenter(**json.loads((data / "lab" / "vcenter.json").read_text()))
        program = Path(f"/proc/{center.pid}/exe").resolve()
    except (OSError, ValueError, TypeError):
        return None
    return center if program.parent == cache_folder() else None


def down(data: Path) -> bool:
    """End the one in the background; False when there is none."""
    center = status(data)
    if center is not None:
        os.kill(center.pid, signal.SIGTERM)
    (data / "lab" / "vcenter.json").unlink(missing_ok=True)
    return center is not None


def _build(target: Path) -> None:
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "CGO_ENABLED": "0"}
    fresh = target.with_suffix(".new")
    done = subprocess.run(
        [go_compiler(), "build", "-o", str(fresh), str(SOURCE)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_S,
    )
    if done.returncode:
        raise CommandFailed(f"the vCenter simulator was not built: {done.stderr.strip()[-800:]}")
    fresh.rename(target)


def _start(
    program: Path, hosts: int, machines: int, scratch: str, log: int, *, tethered: bool
) -> tuple[subprocess.Popen[str], VCenter]:
    password = secrets.token_urlsafe(16)
    process = subprocess.Popen(
        [str(program), "-hosts", str(hosts), "-machines", str(machines), "-user", USER, f"-tethered={tethered}"],
        env={"VCENTER_PASSWORD": password, "PATH": os.environ.get("PATH", os.defpath), "TMPDIR": scratch},
        stdin=subprocess.PIPE if tethered else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=not tethered,
    )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise CommandFailed(f"the vCenter simulator ended with {process.wait(timeout=START_S)} before it listened")
    told = json.loads(line)
    return process, VCenter(told["host"], int(told["port"]), USER, password, told["certificate"], process.pid)
