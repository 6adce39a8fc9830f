"""Checksums as clients write them: ``{SHA-256}ab12…``, or a bare MD5."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cloudstack.framework.errors import InvalidParameter

ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
LENGTHS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True)
class Checksum:
    """``algorithm`` in the words of hashlib, ``value`` in lower-case hex."""

    algorithm: str
    value: str

    def matches(self, digests: Mapping[str, str]) -> bool:
        return hmac.compare_digest(digests[self.algorithm], self.value)


def parse_checksum(text: str) -> Checksum:
    """Raises ``InvalidParameter`` that names ``checksum`` and says how one is written."""
    match = re.fullmatch(r"(?:\{([A-Za-z0-9-]+)\})?([0-9A-Fa-f]+)", text.strip())
    algorithm = ALGORITHMS.get((match.group(1) or "MD5").upper()) if match else None
    if not match or algorithm is None or len(match.group(2)) != LENGTHS[algorithm]:
        raise InvalidParameter(
            f"checksum {text[:80]!r} is not one: write {{SHA-256}} and 64 hexadecimal digits "
            f"(also {', '.join(name for name in ALGORITHMS if name != 'SHA-256')}; without a name it is MD5)",
            parameter="checksum",
        )
    return Checksum(algorithm, match.group(2).lower())
