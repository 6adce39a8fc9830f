"""What somebody typed to find something, and what it could be: a name, an address, a UUID, a tag."""

import re
import unicodedata
import uuid
from dataclasses import dataclass
from functools import cached_property
from ipaddress import AddressValueError, IPv4Address, IPv6Address

SHORTEST = 2
"""Fewer characters name too much to be of use."""
LONGEST = 1280
"""More characters than a tag with its value can have."""
_HEX = re.compile(r"[0-9a-f]{8}[0-9a-f-]*", re.IGNORECASE)
_IPV4_BEGIN = re.compile(r"\d{1,3}(\.\d{1,3}){1,2}\.?|(\d{1,3}\.){3}")
_MAC = re.compile(r"[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}", re.IGNORECASE)
_MAC_BEGIN = re.compile(r"([0-9a-f]{2}[:-]){2,5}[0-9a-f]{0,2}", re.IGNORECASE)
# Of a text with anything before and after it, three characters in a row are certain if they are letters or digits,
# or an end of a word with what stands beside it.
_TRIGRAM = re.compile(r"[^\W_]{3}|[\W_][^\W_]|[^\W_]{2}[\W_]")


@dataclass(frozen=True)
class Term:
    """A text to look for, without blanks around it."""

    text: str

    @classmethod
    def of(cls, typed: str) -> "Term":
        return cls(typed.strip())

    @property
    def refusal(self) -> str:
        """Why nothing is looked for, in words for whoever typed it; empty if something is."""
        if len(self.text) < SHORTEST:
            return f"Type at least {SHORTEST} characters." if self.text else "Type a name, an address, a UUID or a tag."
        if len(self.text) > LONGEST:
            return f"These are {len(self.text)} characters, and no name or tag has more than {LONGEST}."
        if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in self.text):
            return "No name holds control characters: type it without them."
        return ""

    @cached_property
    def uuids(self) -> tuple[uuid.UUID, uuid.UUID] | None:
        """First and last UUID that it could be the begin of: twice the same for a whole one. None without 8 digits."""
        digits = self.text.replace("-", "")
        if not _HEX.fullmatch(self.text) or len(digits) > 32:
            return None
        return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))

    @property
    def is_uuid(self) -> bool:
        return self.uuids is not None and self.uuids[0] == self.uuids[1]

    @cached_property
    def ip(self) -> tuple[str, str] | None:
        """The lookup and the address as the database holds it: whole, or the begin of one from its second dot on."""
        for family in (IPv4Address, IPv6Address):
            try:
                return "named", str(family(self.text))
            except AddressValueError:
                continue
        if _IPV4_BEGIN.fullmatch(self.text):
            return "begins", self.text
        return None

    @cached_property
    def mac(self) -> tuple[str, str] | None:
        """The same for a MAC address, however it is written."""
        if _MAC.fullmatch(self.text):
            digits = re.sub("[^0-9a-f]", "", self.text.lower())
            return "named", ":".join(digits[place : place + 2] for place in range(0, 12, 2))
        if _MAC_BEGIN.fullmatch(self.text):
            return "begins", self.text.lower().replace("-", ":")
        return None

    @cached_property
    def tag(self) -> tuple[str, str | None]:
        """Key and value; without an equals sign between them the text may be either, and the value is None."""
        key, _, value = self.text.partition("=")
        return key.strip(), value.strip() or None

    @cached_property
    def may_be_value(self) -> bool:
        return "=" not in self.text

    @cached_property
    def has_trigram(self) -> bool:
        """Whether an index of trigrams narrows the search for it inside of names."""
        return _TRIGRAM.search(self.text) is not None

    def rank(self, name: str) -> int:
        """The lower, the better a name fits: whole, its begin, anything else."""
        wanted, name = self.text.casefold(), name.casefold()
        return 0 if name == wanted else 1 if name.startswith(wanted) else 2
