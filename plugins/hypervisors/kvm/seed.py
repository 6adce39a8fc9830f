"""The guest's seed: a small ISO 9660 image that cloud-init and its like read at first boot (NoCloud)."""

import io
import re

import pycdlib

from cloudstack.contracts.hypervisor import SeedSpec
from plugins.hypervisors.kvm.rules import check_hostname

LABEL = "cidata"
# Guests read ahead, and small ones look for labels beyond the end of so short a disc and give up at the error.
PADDING_BYTES = 150 * 2048
# Plain scalars that every reader of YAML takes for text; others are quoted.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9.-]*")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def seed_image(seed: SeedSpec) -> bytes:
    """The ISO image with ``meta-data``, ``user-data`` as it was given, and ``vendor-data`` for the password."""
    check_hostname(seed.hostname)
    files = {
        "meta-data": meta_data(seed),
        "user-data": seed.user_data,
        "vendor-data": vendor_data(seed),
    }
    image = pycdlib.PyCdlib()
    image.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for name, content in files.items():
        image.add_fp(
            io.BytesIO(content),
            len(content),
            iso_path=f"/{name.replace('-', '_').upper()}.;1",
            rr_name=name,
            joliet_path=f"/{name}",
        )
    target = io.BytesIO()
    image.write_fp(target)
    image.close()
    return target.getvalue() + bytes(PADDING_BYTES)


def meta_data(seed: SeedSpec) -> bytes:
    """Identity, host name, SSH keys and the variables of the user data, as YAML."""
    lines = [f"instance-id: {_scalar(seed.instance_id)}", f"local-hostname: {_scalar(seed.hostname)}"]
    if seed.public_keys:
        lines.append("public-keys:")
        lines.extend(f"  - {_quoted(key.strip())}" for key in seed.public_keys)
    lines.extend(f"{name}: {_quoted(value)}" for name, value in seed.variables.items())
    return ("\n".join(lines) + "\n").encode()


def vendor_data(seed: SeedSpec) -> bytes:
    """The password stands here and not in the user's own data, which is his to the last byte."""
    if not seed.password:
        return b""
    lines = (
        "#cloud-config",
        f"password: {_quoted(seed.password)}",
        "chpasswd: {expire: false}",
        "ssh_pwauth: true",
    )
    return ("\n".join(lines) + "\n").encode()


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar in plain ASCII. JSON's writing is no match: YAML joins no surrogate pairs."""
    return f'"{"".join(_escaped(character) for character in text)}"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return f"\\{character}"
    if 0x20 <= code < 0x7F:
        return character
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
