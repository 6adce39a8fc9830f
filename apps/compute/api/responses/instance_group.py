"""Instance groups on the wire."""

from apps.accounts.api.attached import Annotated
from apps.accounts.api.responses.owner import OwnerFields
from apps.compute.models import InstanceGroup
from cloudstack.api import DATE, Field


class InstanceGroupResponse(OwnerFields, Annotated):
    object_name = "instancegroup"
    model = InstanceGroup

    id = Field("uuid", help="UUID of the group")
    name = Field(help="its name")
    created = Field(type=DATE, help="when it was created")
