"""Instance groups on the wire."""

from apps.accounts.models.domain import shown_path
from apps.compute.models import InstanceGroup
from cloudstack.api import DATE, STRING, Field, Response


class InstanceGroupResponse(Response):
    object_name = "instancegroup"
    model = InstanceGroup

    id = Field("uuid", help="UUID of the group")
    name = Field(help="its name")
    created = Field(type=DATE, help="when it was created")
    account = Field("account__name", help="account that owns it")
    domainid = Field("domain__uuid", help="domain of the account")
    domain = Field("domain__name", help="name of the domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["domain__path"]), needs=("domain__path",), type=STRING, help="its path"
    )
