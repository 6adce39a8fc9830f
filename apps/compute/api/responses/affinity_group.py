"""Affinity groups on the wire."""

from collections import defaultdict
from collections.abc import Mapping

from apps.accounts.api.responses.owner import OwnerFields, owner_at
from apps.compute.models import AffinityGroup, AffinityMembership
from apps.compute.selectors import vms_visible_to
from cloudstack.api import LIST, STRING, Field, Loaded, Response
from cloudstack.framework.context import Caller


def machines_in(keys: list[int], caller: Caller) -> Mapping[int, list[str]]:
    """Primary key of a group → UUIDs of its machines that the caller may see."""
    seen = AffinityMembership.objects.filter(group__in=keys, vm__in=vms_visible_to(caller=caller))
    found: dict[int, list[str]] = defaultdict(list)
    for group, uuid in seen.order_by("vm").values_list("group", "vm__uuid"):
        found[group].append(str(uuid))
    return found


class AffinityGroupResponse(OwnerFields):
    object_name = "affinitygroup"
    model = AffinityGroup

    id = Field("uuid", help="UUID of the group")
    name = Field(help="its name")
    description = Field(help="what it is for")
    type = Field(help="the rule that holds among its machines")
    account, projectid, project = owner_at(
        "account", shown=lambda row: not row["is_domain_wide"], needs=("is_domain_wide",)
    )
    virtualmachineIds = Loaded(machines_in, default=list, type=LIST, help="UUIDs of its machines")


class AffinityGroupOfVmResponse(Response):
    """A group among the facts of a machine."""

    object_name = "affinitygroup"
    model = AffinityMembership

    id = Field("group__uuid", help="UUID of the group")
    name = Field("group__name", help="its name")
    description = Field("group__description", help="what it is for")
    type = Field("group__type", help="the rule that holds among its machines")
    account, projectid, project = owner_at("group__account")
    domainid = Field("group__domain__uuid", help="domain of the account")
    domain = Field("group__domain__name", help="name of the domain")


class AffinityGroupTypeResponse(Response):
    object_name = "affinityGroupType"

    type = Field(type=STRING, help="name of the type, for createAffinityGroup")
