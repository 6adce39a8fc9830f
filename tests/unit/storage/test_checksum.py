"""Checksums as clients write them."""

import pytest

from apps.storage.checksum import parse_checksum
from cloudstack.framework.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "algorithm"),
    [
        ("{SHA-256}" + "aB" * 32, "sha256"),
        ("{md5}" + "0" * 32, "md5"),
        ("f" * 32, "md5"),
        ("{SHA-512}" + "1" * 128, "sha512"),
    ],
)
def test_the_known_forms_are_read(text: str, algorithm: str) -> None:
    checksum = parse_checksum(text)
    assert checksum.algorithm == algorithm and checksum.value == text.rpartition("}")[2].lower()
    assert checksum.matches({algorithm: checksum.value})
    assert not checksum.matches({algorithm: "0" * 31 + "2"})


@pytest.mark.parametrize("text", ["", "xyz", "{SHA-256}abcd", "{CRC}" + "0" * 32, "0" * 33, "{SHA-256}" + "g" * 64])
def test_others_are_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(InvalidParameter, match="SHA-256") as refused:
        parse_checksum(text)
    assert refused.value.parameter == "checksum"
