"""Intent on SSH key pairs. Private keys are shown once and stored nowhere."""

import base64
import binascii
import hashlib

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.db import IntegrityError, transaction

from apps.accounts.models import Account
from apps.compute import events
from apps.compute.models import SshKeyPair
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish

KINDS = (
    "ssh-rsa",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def parse_public_key(text: str) -> tuple[str, str]:
    """The key as ``kind data [comment]`` on one line, and its MD5 fingerprint.

    Raises ``InvalidParameter`` for what is no public key; a private one is refused without repeating it.
    """
    if "PRIVATE KEY" in text:
        raise InvalidParameter("publickey holds a private key; send the public half only", parameter="publickey")
    parts = text.strip().split(None, 2)
    problem = InvalidParameter("publickey must be one line such as 'ssh-ed25519 AAAA… comment'", parameter="publickey")
    if len(parts) < 2 or parts[0] not in KINDS or "\n" in text.strip():
        raise problem
    try:
        raw = base64.b64decode(parts[1], validate=True)
        serialization.load_ssh_public_key(f"{parts[0]} {parts[1]}".encode())
    except (binascii.Error, ValueError):
        raise problem from None
    except Exception:
        if not parts[0].startswith("sk-"):
            raise problem from None
    digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    return " ".join(parts), ":".join(digest[i : i + 2] for i in range(0, 32, 2))


class SshKeyPairManager:
    """Makes, registers and deletes key pairs of an account."""

    def create(self, *, caller: Caller, owner: Account, name: str) -> tuple[SshKeyPair, str]:
        """Make an Ed25519 pair; answers it with the private key in OpenSSH format, which is not kept."""
        private = ed25519.Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        shown = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        pair = self.register(caller=caller, owner=owner, name=name, public_key=public.decode())
        return pair, shown.decode()

    def register(self, *, caller: Caller, owner: Account, name: str, public_key: str) -> SshKeyPair:
        """Store a public key; raises ``InvalidParameter`` when the account has another one of that name."""
        line, fingerprint = parse_public_key(public_key)
        if "," in name:
            # Machines tell the names of their keys as a comma list.
            raise InvalidParameter(f"name {name!r} must not hold a comma", parameter="name")
        try:
            with transaction.atomic():
                pair = SshKeyPair.objects.create(
                    account=owner, domain_id=owner.domain_id, name=name, public_key=line, fingerprint=fingerprint
                )
                publish(events.REGISTER_SSH_KEYPAIR, caller=caller, description=f"Register {name}", resource=pair)
        except IntegrityError:
            raise InvalidParameter(f"account {owner} has a key pair named {name!r} already", parameter="name") from None
        return pair

    @transaction.atomic
    def delete(self, *, caller: Caller, owner: Account, name: str) -> None:
        """Machines that have the key keep it."""
        pair = self.named(owner=owner, names=[name])[0]
        pair.mark_removed()
        publish(events.DELETE_SSH_KEYPAIR, caller=caller, description=f"Delete {name}", resource=pair)

    def named(self, *, owner: Account, names: list[str]) -> list[SshKeyPair]:
        """The owner's pairs of these names, in order; raises ``InvalidParameter`` for one that is not there."""
        if not names:
            return []
        found = {pair.name: pair for pair in SshKeyPair.objects.filter(account=owner, name__in=names)}
        for name in names:
            if name not in found:
                raise InvalidParameter(f"account {owner} has no key pair named {name!r}", parameter="keypair")
        return [found[name] for name in names]
