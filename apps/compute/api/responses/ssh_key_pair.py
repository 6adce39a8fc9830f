"""An SSH key pair on the wire."""

from apps.accounts.api.attached import Annotated
from apps.accounts.api.responses.owner import OwnerFields
from apps.compute.models import SshKeyPair
from cloudstack.api import STRING, Field


class SshKeyPairResponse(OwnerFields, Annotated):
    object_name = "sshkeypair"
    model = SshKeyPair

    id = Field("uuid", help="UUID of the pair")
    name = Field(help="its name")
    fingerprint = Field(help="MD5 of the public key")


class CreatedSshKeyPairResponse(SshKeyPairResponse):
    object_name = "keypair"

    privatekey = Field(compute=lambda row: None, type=STRING, help="the private key; it is shown only this once")
