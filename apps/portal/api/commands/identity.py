"""Which cloud this is, and what it lacks that clients ask for at once."""

import base64
import hmac
import uuid
from typing import Any

from apps.accounts.models import Domain, User
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.services.api_keys import ApiKeyManager
from cloudstack.api import BOOL, STRING, Access, BaseCmd, Field, Ref, Response

_NAMESPACE = uuid.UUID("5a2c6b1e-6f0b-4d0c-9a53-3d0a7d3b8f11")


def cloud_identifier() -> str:
    """The same for as long as this cloud lives, and another for every other cloud: made of its ROOT domain."""
    return str(uuid.uuid5(_NAMESPACE, str(Domain.objects.get(path=ROOT_PATH).uuid)))


class CloudIdentifierResponse(Response):
    object_name = "cloudidentifier"

    userid = Field(type=STRING, help="UUID of the user")
    cloudidentifier = Field(type=STRING, help="what tells this cloud from all others")
    signature = Field(type=STRING, help="HMAC-SHA1 of it with the user's secret key, in Base64; if he has a key pair")


class GetCloudIdentifier(BaseCmd):
    """Tells which cloud this is, signed with the secret key of a user."""

    response = CloudIdentifierResponse

    user = Ref(
        "userid",
        User,
        access=Access.MODIFY,
        select_related=("account__role",),
        required=True,
        help="the user whose secret key signs: yourself, or one that you administer",
    )

    def execute(self) -> dict[str, Any]:
        identifier = cloud_identifier()
        body = {"userid": str(self.user.uuid), "cloudidentifier": identifier}
        pair = ApiKeyManager().pair_of(caller=self.caller, user=self.user)
        if pair is not None:
            digest = hmac.digest(pair.secret_key.reveal().encode(), identifier.encode(), "sha1")
            body["signature"] = base64.b64encode(digest).decode()
        return body


class QuotaEnabledResponse(Response):
    object_name = "isenabled"

    isenabled = Field(type=BOOL, help="whether usage is charged")


class QuotaIsEnabled(BaseCmd):
    """Whether this cloud charges usage: it does not."""

    response = QuotaEnabledResponse

    def execute(self) -> dict[str, Any]:
        return {"isenabled": False}
