"""``domain_type = auto`` believes in nothing but a boot."""

import subprocess
from pathlib import Path

import pytest

pytest.importorskip("libvirt", reason="libvirt-python is not installed")

from plugins.hypervisors.kvm import kvm_probe
from plugins.hypervisors.kvm.connection import session
from plugins.hypervisors.kvm.host import resolve_domain_type
from plugins.hypervisors.kvm.options import HostOptions

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.fixture(scope="module")
def kernel(kvm_lab, tmp_path_factory) -> Path:
    """The kernel of the lab's guest, taken out of its disk."""
    raw = tmp_path_factory.mktemp("kernel") / "disk.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", str(kvm_lab.image), str(raw)], check=True, timeout=60)
    target = kvm_lab.data / "vmlinuz"
    subprocess.run(["mcopy", "-n", "-i", f"{raw}@@1M", "::vmlinuz", str(target)], check=True, timeout=60)
    return target


def really_boots(kernel: Path, log: Path, accelerator: str) -> bool:
    """What QEMU itself says, without libvirt."""
    argv = ["qemu-system-x86_64", "-machine", f"pc,accel={accelerator}", "-m", "128", "-display", "none", "-no-reboot"]
    argv += ["-kernel", str(kernel), "-append", "console=ttyS0 panic=-1", "-serial", f"file:{log}"]
    try:
        subprocess.run(argv, capture_output=True, timeout=12, check=False)
    except subprocess.TimeoutExpired:
        pass
    return log.exists() and kvm_probe.PROOF in log.read_bytes()


def test_auto_is_kvm_where_a_kernel_boots_under_it_and_emulation_elsewhere(kvm_lab, kernel, tmp_path):
    assert really_boots(kernel, tmp_path / "tcg.log", "tcg"), "the proof is looked for in vain even in emulation"
    expected = "kvm" if really_boots(kernel, tmp_path / "kvm.log", "kvm") else "qemu"
    host = kvm_lab.host(1, domain_type="auto", kvm_probe_kernel=str(kernel))
    with session(host, "probe") as conn:
        assert resolve_domain_type(conn, host, HostOptions.from_details(host.details)).domain_type == expected
        assert not conn.listAllDomains(0)
    consoles = kvm_lab.file(1, "/var/log/libvirt/cloudstack-consoles")
    assert not list(consoles.glob("probe-*"))


def test_auto_without_a_kernel_to_try_is_emulation(kvm_lab):
    host = kvm_lab.host(1, domain_type="auto")
    with session(host, "probe") as conn:
        assert resolve_domain_type(conn, host, HostOptions.from_details(host.details)).domain_type == "qemu"


def test_the_probe_knows_a_boot_when_it_sees_one(kvm_lab, kernel):
    with session(kvm_lab.host(1), "probe") as conn:
        assert kvm_probe.boots(conn, HostOptions(), str(kernel), "qemu")
        assert not conn.listAllDomains(0)
