"""An SSH key pair on the wire."""

from apps.compute.models import SshKeyPair
from cloudstack.api import STRING, Field, Response


class SshKeyPairResponse(Response):
    object_name = "sshkeypair"
    model = SshKeyPair

    id = Field("uuid", help="UUID of the pair")
    name = Field(help="its name")
    fingerprint = Field(help="MD5 of the public key")
    account = Field("account__name", help="account that owns it")
    domainid = Field("domain__uuid", help="domain of the account")
    domain = Field("domain__name", help="name of the domain")


class CreatedSshKeyPairResponse(SshKeyPairResponse):
    object_name = "keypair"

    privatekey = Field(compute=lambda row: None, type=STRING, help="the private key; it is shown only this once")
