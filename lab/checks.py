"""Can this machine carry a lab? Answers in sentences, before anything is touched."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from lab import namespaces

# Binary, and the Debian package that brings it.
BINARIES = {
    "libvirtd": "libvirt-daemon",
    "virsh": "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "dnsmasq": "dnsmasq-base",
    "dhcp_release": "dnsmasq-utils",
    "ip": "iproute2",
    "nft": "nftables",
}
QEMU_DRIVER = "libvirt_driver_qemu.so"
CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12, "CAP_MKNOD": 27}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def extend_path() -> None:
    """Add the folders of system tools, which a plain user's or a cron job's PATH lacks."""
    here = os.environ.get("PATH", "").split(":")
    os.environ["PATH"] = ":".join([*filter(None, here), *(p for p in SYSTEM_PATH.split(":") if p not in here)])


def preflight() -> list[str]:
    """Why a lab cannot run here, one sentence each; empty when it can."""
    extend_path()
    if platform.system() != "Linux":
        return [f"the lab needs Linux, this is {platform.system()}"]
    problems = []
    if platform.machine() != "x86_64":
        problems.append(f"the lab's guests are x86_64, this machine is {platform.machine()}")
    if os.geteuid() != 0:
        problems.append("the lab makes network namespaces and mounts: run it as root")
    else:
        problems += _lacking_capabilities() or _kernel_problems()
    problems += _lacking_programs()
    if not Path("/dev/net/tun").exists():
        problems.append("/dev/net/tun is missing: guests would have no network card")
    return problems


def _lacking_capabilities() -> list[str]:
    status = Path("/proc/self/status").read_text()
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff"))
    lacking = [name for name, bit in CAPABILITIES.items() if not effective >> bit & 1]
    return [f"root here lacks {', '.join(lacking)} (a container without privileges?)"] if lacking else []


def _lacking_programs() -> list[str]:
    lacking = {binary: package for binary, package in BINARIES.items() if not shutil.which(binary)}
    problems = []
    if lacking:
        packages = " ".join(sorted(set(lacking.values())))
        problems.append(f"{', '.join(lacking)} not found: apt-get install --no-install-recommends {packages}")
    drivers = [p / "libvirt/connection-driver" / QEMU_DRIVER for p in map(Path, ("/usr/lib", "/usr/lib64"))]
    drivers += list(Path("/usr/lib").glob(f"*/libvirt/connection-driver/{QEMU_DRIVER}"))
    if "libvirtd" not in lacking and not any(path.exists() for path in drivers):
        problems.append(
            "libvirt has no QEMU driver: apt-get install --no-install-recommends libvirt-daemon-driver-qemu"
        )
    return problems


def _kernel_problems() -> list[str]:
    """Try the kernel features in a throw-away namespace: module lists and config files do not tell the truth."""
    if not shutil.which("ip"):
        return []
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            words = _probe()
        except Exception as error:
            words = f"this kernel refuses new namespaces: {error}"
        os.write(writer, words.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        words = pipe.read()
    os.waitpid(child, 0)
    return [words] if words else []


def _probe() -> str:
    namespaces.unshare(namespaces.NEWNET | namespaces.NEWNS | namespaces.NEWUTS)
    for kind, extra in (("bridge", ()), ("veth", ()), ("vxlan", ("id", "1", "dstport", "4789"))):
        argv = ["ip", "link", "add", f"t{kind}", "type", kind, *extra]
        answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
        if answer.returncode != 0:
            return f"this kernel makes no {kind} links: {answer.stderr.strip()}"
    namespaces.unshare(namespaces.NEWPID)  # last: it would make the first child the only one
    return ""
