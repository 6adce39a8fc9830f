"""SSH key pairs."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.models import Domain
from apps.accounts.services.ownership import resolve_owner
from apps.compute import events
from apps.compute.api.responses.ssh_key_pair import CreatedSshKeyPairResponse, SshKeyPairResponse
from apps.compute.models import SshKeyPair
from apps.compute.services.ssh_key_pair import SshKeyPairManager
from cloudstack.api import BaseCmd, Ref, Str, SuccessResponse


class _OwnedCommand(BaseCmd):
    """A command on the caller's own things, or those of an account that an administrator names."""

    abstract = True

    account = Str("account", help="account that owns it, together with domainid; administrators only")
    domain = Ref("domainid", Domain, help="domain of that account")
    project = Str("projectid", help="projects are not available yet")

    def owner(self) -> Any:
        return resolve_owner(self.caller, self.account, self.domain, project=self.project)


class ListSSHKeyPairs(AccountScopedListCmd):
    """Lists SSH key pairs: your own, or with listall all that you administer."""

    name = "listSSHKeyPairs"
    response = SshKeyPairResponse

    pair_name = Str("name", lookup="name", help="name of the pair")
    fingerprint = Str("fingerprint", lookup="fingerprint", help="MD5 of the public key")

    def queryset(self) -> QuerySet[SshKeyPair]:
        return self.owned(SshKeyPair.objects.all())


class CreateSSHKeyPair(_OwnedCommand):
    """Makes an SSH key pair and shows its private key, this once."""

    name = "createSSHKeyPair"
    response = CreatedSshKeyPairResponse
    event_type = events.REGISTER_SSH_KEYPAIR

    pair_name = Str("name", required=True, help="its name")

    def execute(self) -> dict[str, Any]:
        pair, private_key = SshKeyPairManager().create(caller=self.caller, owner=self.owner(), name=self.pair_name)
        return {**SshKeyPairResponse.render_one(pair, caller=self.caller), "privatekey": private_key}


class RegisterSSHKeyPair(_OwnedCommand):
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


class DeleteSSHKeyPair(_OwnedCommand):
    """Deletes an SSH key pair; machines that have it keep it."""

    name = "deleteSSHKeyPair"
    response = SuccessResponse
    event_type = events.DELETE_SSH_KEYPAIR

    pair_name = Str("name", required=True, help="its name")

    def execute(self) -> None:
        SshKeyPairManager().delete(caller=self.caller, owner=self.owner(), name=self.pair_name)
