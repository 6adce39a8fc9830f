"""SSH key pairs."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import OwnedCmd
from apps.compute import events
from apps.compute.api.responses.ssh_key_pair import CreatedSshKeyPairResponse, SshKeyPairResponse
from apps.compute.models import SshKeyPair
from apps.compute.services.ssh_key_pair import SshKeyPairManager
from cloudstack.api import Str, SuccessResponse


class ListSSHKeyPairs(AccountScopedListCmd):
    """Lists SSH key pairs: your own, or with listall all that you administer."""

    name = "listSSHKeyPairs"
    response = SshKeyPairResponse

    pair_name = Str("name", lookup="name", help="name of the pair")
    fingerprint = Str("fingerprint", lookup="fingerprint", help="MD5 of the public key")

    def queryset(self) -> QuerySet[SshKeyPair]:
        return self.owned(SshKeyPair.objects.all())


class CreateSSHKeyPair(OwnedCmd):
    """Makes an SSH key pair and shows its private key, this once."""

    name = "createSSHKeyPair"
    response = CreatedSshKeyPairResponse
    event_type = events.REGISTER_SSH_KEYPAIR

    pair_name = Str("name", required=True, help="its name")

    def execute(self) -> dict[str, Any]:
        pair, private_key = SshKeyPairManager().create(caller=self.caller, owner=self.owner(), name=self.pair_name)
        return {**SshKeyPairResponse.render_one(pair, caller=self.caller), "privatekey": private_key}


class RegisterSSHKeyPair(OwnedCmd):
    """Registers the public half of an SSH key pair."""

    name = "registerSSHKeyPair"
    response = SshKeyPairResponse
    object_name = "keypair"
    event_type = events.REGISTER_SSH_KEYPAIR

    pair_name = Str("name", required=True, help="its name")
    public_key = Str("publickey", required=True, max_length=5120, help="one line such as ssh-ed25519 AAAA… comment")

    def execute(self) -> SshKeyPair:
        return SshKeyPairManager().register(
            caller=self.caller, owner=self.owner(), name=self.pair_name, public_key=self.public_key
        )


class DeleteSSHKeyPair(OwnedCmd):
    """Deletes an SSH key pair; machines that have it keep it."""

    name = "deleteSSHKeyPair"
    response = SuccessResponse
    event_type = events.DELETE_SSH_KEYPAIR

    pair_name = Str("name", required=True, help="its name")

    def execute(self) -> None:
        SshKeyPairManager().delete(caller=self.caller, owner=self.owner(), name=self.pair_name)
