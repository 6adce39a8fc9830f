"""The guest's seed as ``guestinfo`` variables, which cloud-init's VMware data source reads. No disc is needed.

Who may read a machine's settings in vCenter reads them too: that is vSphere's way, and said in the manual.
"""

import base64
import json
from typing import Any

from cloudstack.contracts.hypervisor import NicSpec, SeedSpec

PREFIX = "guestinfo."
KEYS = ("metadata", "userdata", "vendordata")


def variables(seed: SeedSpec | None, nics: tuple[NicSpec, ...]) -> dict[str, str]:
    """Each variable with its encoding. Without a seed all are emptied: what another boot left is not for this one."""
    contents: dict[str, bytes] = dict.fromkeys(KEYS, b"")
    if seed is not None:
        contents = {
            "metadata": json.dumps(_metadata(seed, nics)).encode(),
            "userdata": seed.user_data,
            "vendordata": _vendor_data(seed),
        }
    found = {}
    for name, content in contents.items():
        found[f"{PREFIX}{name}"] = base64.b64encode(content).decode()
        found[f"{PREFIX}{name}.encoding"] = "base64" if content else ""
    return found


def _metadata(seed: SeedSpec, nics: tuple[NicSpec, ...]) -> dict[str, Any]:
    """Identity, keys, the user data's variables, and the addresses of the cards: no DHCP server is needed."""
    told: dict[str, Any] = {**seed.variables, "instance-id": seed.instance_id, "local-hostname": seed.hostname}
    if seed.public_keys:
        told["public-keys"] = [key.strip() for key in seed.public_keys]
    told["network"] = {"version": 2, "ethernets": {f"nic{nic.device_id}": _card(nic) for nic in nics}}
    return told


def _card(nic: NicSpec) -> dict[str, Any]:
    card: dict[str, Any] = {"match": {"macaddress": nic.mac.lower()}, "mtu": nic.mtu}
    if not (nic.ipv4 and nic.prefix):
        return {**card, "dhcp4": True}
    card["addresses"] = [f"{nic.ipv4}/{nic.prefix}"]
    if nic.gateway and nic.device_id == 0:
        card["routes"] = [{"to": "0.0.0.0/0", "via": nic.gateway}]
    return card


def _vendor_data(seed: SeedSpec) -> bytes:
    """The password stands here and not in the user's own data. JSON is YAML."""
    if not seed.password:
        return b""
    told = {"password": seed.password, "chpasswd": {"expire": False}, "ssh_pwauth": True}
    return b"#cloud-config\n" + json.dumps(told).encode() + b"\n"
