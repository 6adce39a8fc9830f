"""Affinity groups."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import project_ref
from apps.accounts.models import Account, Domain
from apps.accounts.services.ownership import resolve_owner
from apps.compute import events
from apps.compute.api.responses.affinity_group import AffinityGroupResponse, AffinityGroupTypeResponse
from apps.compute.api.responses.virtual_machine import VirtualMachineResponse
from apps.compute.models import AffinityGroup, VirtualMachine
from apps.compute.selectors.affinity import affinity_groups_visible_to
from apps.compute.services.affinity_group import AffinityGroupManager, groups_named
from apps.infrastructure.services.affinity_types import affinity_types
from cloudstack.api import (
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseListCmd,
    ListOf,
    Ref,
    RefList,
    Str,
    SuccessResponse,
    entity_for,
)
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob


class ListAffinityGroups(AccountScopedListCmd):
    """Lists affinity groups: your own, your domain's, or with listall all that you administer."""

    response = AffinityGroupResponse
    keyword_fields = ("name", "type")

    group_name = Str("name", lookup="name", help="name of the group")
    vm = Ref("virtualmachineid", VirtualMachine, help="groups that this machine is in")
    kind = Str("type", lookup="type__iexact", help="groups of this type")

    def queryset(self) -> QuerySet[AffinityGroup]:
        visible = affinity_groups_visible_to(caller=self.caller)
        if self.vm is not None:
            return visible.filter(memberships__vm=self.vm)
        owned = self.owned(AffinityGroup.objects.all())
        if self.account or self.project or self.domain is not None:
            return owned
        return owned | visible.filter(is_domain_wide=True)


class ListAffinityGroupTypes(BaseListCmd):
    """Lists the types that affinity groups can have."""

    response = AffinityGroupTypeResponse
    id_filter = ids_filter = None

    def queryset(self) -> list[dict[str, Any]]:
        names = sorted(affinity_types())
        return [{"type": name} for name in names if (self.keyword or "").lower() in name.lower()]


class CreateAffinityGroup(BaseAsyncCreateCmd):
    """Makes an affinity group: a rule on which hosts its machines run."""

    response = AffinityGroupResponse
    event_type = events.AFFINITY_GROUP_CREATE

    group_name = Str("name", required=True, help="its name, once per account")
    kind = Str("type", required=True, help="one of listAffinityGroupTypes")
    description = Str("description", default="", max_length=4096, help="what it is for")
    account = Str("account", help="account that owns it, together with domainid; administrators only")
    domain = Ref("domainid", Domain, help="domain of that account; alone: the domain owns it, where the type allows it")
    project = project_ref("project that owns it")

    def execute(self) -> tuple[AffinityGroup, AsyncJob]:
        of_domain = self.domain is not None and not self.account and not self.project
        if of_domain:
            entity_for(Domain).get(
                caller=self.caller, uuid=str(self.domain.uuid), access=Access.MODIFY, parameter="domainid"
            )
        owner = resolve_owner(self.caller, self.account, None if of_domain else self.domain, project=self.project)
        return AffinityGroupManager().create(
            caller=self.caller,
            owner=owner,
            name=self.group_name,
            kind=self.kind,
            description=self.description,
            domain=self.domain if of_domain else None,
        )


class DeleteAffinityGroup(BaseAsyncCmd):
    """Deletes an affinity group; its machines stay where they are."""

    response = SuccessResponse
    event_type = events.AFFINITY_GROUP_DELETE

    group = Ref("id", AffinityGroup, access=Access.MODIFY, help="the group; or give its name")
    group_name = Str("name", help="name of the group, instead of id")
    account = Str("account", help="account that owns the group with that name, together with domainid")
    domain = Ref("domainid", Domain, help="domain of that account")
    project = project_ref("project that owns the group with that name")

    def execute(self) -> AsyncJob:
        if (self.group is None) == (not self.group_name):
            raise InvalidParameter("give either id or name", parameter="id")
        return AffinityGroupManager().delete(caller=self.caller, group=self.group or self._named())

    def _named(self) -> AffinityGroup:
        owner: Account = resolve_owner(self.caller, self.account, self.domain, project=self.project)
        group = AffinityGroup.objects.filter(account=owner, name=self.group_name, is_domain_wide=False).first()
        if group is None:
            raise InvalidParameter(f"account {owner} has no affinity group named {self.group_name!r}", parameter="name")
        return group


class UpdateVMAffinityGroup(BaseAsyncCmd):
    """Puts a stopped machine into exactly these affinity groups."""

    name = "updateVMAffinityGroup"
    response = VirtualMachineResponse
    event_type = events.VM_AG_UPDATE

    vm = Ref(
        "id",
        VirtualMachine,
        access=Access.OPERATE,
        required=True,
        select_related=["account__domain"],
        help="the machine, stopped",
    )
    groups = RefList("affinitygroupids", AffinityGroup, help="the groups; none of them if sent empty")
    names = ListOf("affinitygroupnames", Str, help="names of the groups, instead of affinitygroupids")

    def execute(self) -> AsyncJob:
        if self.groups and self.names:
            raise InvalidParameter("give either affinitygroupids or affinitygroupnames", parameter="affinitygroupnames")
        groups = self.groups or groups_named(owner=self.vm.account, names=self.names or [])
        return AffinityGroupManager().update_vm(caller=self.caller, vm=self.vm, groups=groups)
