"""Whom to believe that it is the vCenter: one certificate by its thumbprint, or one that an authority vouches for."""

import hashlib
import hmac
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudstack.contracts.errors import InvalidSpec

ALGORITHMS = {40: "sha1", 64: "sha256", 128: "sha512"}


class NotTrusted(ssl.SSLError):
    """The server's certificate is another one than the operator named."""


@dataclass(frozen=True)
class Trust:
    """``thumbprint`` (hex digits) names one certificate, ``ca_file`` authorities; without both, those of the system."""

    thumbprint: str = ""
    ca_file: str = ""

    @classmethod
    def from_details(cls, details: Mapping[str, str]) -> "Trust":
        """The details ``thumbprint`` and ``ca_file``; raises ``InvalidSpec`` for a thumbprint that is none."""
        thumbprint = details.get("thumbprint", "").replace(":", "").strip().lower()
        if thumbprint and (len(thumbprint) not in ALGORITHMS or not re.fullmatch("[0-9a-f]+", thumbprint)):
            raise InvalidSpec(
                "thumbprint: the hex digits of a certificate's SHA-256 (or SHA-1) are expected, such as "
                "openssl x509 -noout -fingerprint -sha256 tells"
            )
        return cls(thumbprint, details.get("ca_file", ""))

    def context(self) -> ssl.SSLContext:
        """TLS that ends before a byte is sent when it is another server. Raises ``InvalidSpec`` without the file."""
        if self.thumbprint:
            return _PinnedContext(self.thumbprint)
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise InvalidSpec(f"ca_file {self.ca_file}: {error.strerror or error}") from None


class _PinnedContext(ssl.SSLContext):
    """Believes one certificate, whoever signed it and whatever name it bears; looked at on every connection."""

    def __new__(cls, thumbprint: str) -> "_PinnedContext":
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, thumbprint: str):
        self.thumbprint = thumbprint
        self.check_hostname = False
        self.verify_mode = ssl.CERT_NONE

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:
        wrapped = super().wrap_socket(sock, *args, **options)
        shown = hashlib.new(ALGORITHMS[len(self.thumbprint)], wrapped.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(shown, self.thumbprint):
            wrapped.close()
            raise NotTrusted(
                f"the server's certificate has the thumbprint {shown}, not {self.thumbprint}: it was renewed, or "
                "somebody stands in between"
            )
        return wrapped
