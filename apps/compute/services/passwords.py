"""Passwords of guests' administrators: made here, encrypted at rest, read by the guest at its first boot."""

import base64
import secrets
import string

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from apps.compute.config import PASSWORD_LENGTH
from apps.compute.models import VirtualMachine
from apps.storage.models import Template
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.secrets import Secret

LETTERS = "".join(set(string.ascii_letters + string.digits) - set("0O1lI"))
"""Without those that are read for one another."""
SHORTEST, LONGEST = 3, 128


def check_password(template: Template, password: Secret | None) -> None:
    """Raise ``InvalidParameter`` when a password is asked for that guests of ``template`` cannot take."""
    if password is None:
        return
    if not template.password_enabled:
        raise InvalidParameter(
            f"guests of template {template} take no password; only password-enabled templates do", parameter="password"
        )
    text = password.reveal()
    if not SHORTEST <= len(text) <= LONGEST or not text.isprintable() or text != text.strip():
        raise InvalidParameter(
            f"password must have {SHORTEST} to {LONGEST} printable characters and no blank at its ends",
            parameter="password",
        )


def password_for(template: Template, wanted: Secret | None) -> Secret | None:
    """``wanted``, or a new one; None when guests of ``template`` take none."""
    if not template.password_enabled:
        return None
    return wanted or Secret("".join(secrets.choice(LETTERS) for _ in range(int(PASSWORD_LENGTH.value()))))


def encrypted_password(vm: VirtualMachine) -> str:
    """The password of ``vm``, readable with the private half of its RSA key only; base64, PKCS #1 v1.5.

    Raises ``InvalidParameter`` when there is no password or no such key.
    """
    if not vm.password:
        raise InvalidParameter(f"machine {vm} has no password: its template takes none", parameter="id")
    for line in vm.public_keys:
        key = load_ssh_public_key(" ".join(line.split()[:2]).encode()) if line.startswith("ssh-rsa ") else None
        if isinstance(key, rsa.RSAPublicKey):
            return base64.b64encode(key.encrypt(vm.password.reveal().encode(), padding.PKCS1v15())).decode()
    raise InvalidParameter(
        f"machine {vm} has no RSA key to encrypt its password with; give it one with resetSSHKeyForVirtualMachine",
        parameter="id",
    )
