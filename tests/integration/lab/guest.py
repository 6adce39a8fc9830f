"""A real guest on a lab host: disk on the shared pool, seed, definition, and the ways to talk to it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.integration.lab.conftest import Lab

DOMAIN = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/><source file='{seed}'/><target dev='hda' bus='ide'/><readonly/>
    </disk>
    <interface type='bridge'>
      <mac address='{mac}'/><source bridge='{bridge}'/><model type='virtio'/>
    </interface>
    <serial type='file'><source path='{console}'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
  </devices>
</domain>
"""


@dataclass(frozen=True)
class Guest:
    lab: Lab
    name: str
    mac: str
    ip: str
    key: Path
    namespace: str
    """Of the DHCP server on host1, from where guests are reached."""

    @property
    def console(self) -> Path:
        return Path(self.lab.facts["shared_pool_path"]) / f"{self.name}.console"

    def start(self, host: str, bridge: str) -> None:
        pool = Path(self.lab.facts["shared_pool_path"])
        disk, seed = pool / f"{self.name}.qcow2", pool / f"{self.name}.iso"
        backing = ["-b", self.lab.facts["image"], "-F", "qcow2"]
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(disk), "256M"], check=True)
        self._write_seed(seed, pool / f"{self.name}-seed")
        words = DOMAIN.format(name=self.name, disk=disk, seed=seed, mac=self.mac, bridge=bridge, console=self.console)
        definition = pool / f"{self.name}.xml"
        definition.write_text(words)
        self.lab.virsh(host, "define", str(definition))
        self.lab.virsh(host, "start", self.name)

    def ping(self) -> bool:
        argv = ("ip", "netns", "exec", self.namespace, "ping", "-c", "1", "-W", "1", self.ip)
        return self.lab.inside("host1", *argv, check=False).returncode == 0

    def ssh(self, command: str) -> str:
        options = ["-i", str(self.key)]
        for option in (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=10",
        ):
            options += ["-o", option]
        argv = ("ip", "netns", "exec", self.namespace, "ssh", *options, f"root@{self.ip}", command)
        return self.lab.inside("host1", *argv).stdout.strip()

    def _write_seed(self, target: Path, folder: Path) -> None:
        folder.mkdir()
        (folder / "meta-data").write_text(f"instance-id: i-{self.name}\nlocal-hostname: {self.name}\n")
        public = self.key.with_suffix(".pub").read_text().strip()
        (folder / "user-data").write_text(f"#cloud-config\nssh_authorized_keys:\n  - {public}\n")
        argv = ["genisoimage", "-quiet", "-V", "cidata", "-J", "-r", "-o", str(target), str(folder)]
        subprocess.run(argv, check=True)
