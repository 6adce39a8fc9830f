"""Instance groups."""

from django.db.models import QuerySet

from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import project_ref
from apps.accounts.models import Domain
from apps.accounts.services.ownership import resolve_owner
from apps.compute.api.responses.instance_group import InstanceGroupResponse
from apps.compute.models import InstanceGroup
from apps.compute.services.instance_group import InstanceGroupManager
from cloudstack.api import Access, BaseCmd, Ref, Str, SuccessResponse


class ListInstanceGroups(AccountScopedListCmd):
    """Lists instance groups: your own, or with listall all that you administer."""

    response = InstanceGroupResponse

    group_name = Str("name", lookup="name", help="name of the group")

    def queryset(self) -> QuerySet[InstanceGroup]:
        return self.owned(InstanceGroup.objects.all())


class CreateInstanceGroup(BaseCmd):
    """Makes a name under which machines are kept together."""

    response = InstanceGroupResponse

    group_name = Str("name", required=True, help="its name, once per account")
    account = Str("account", help="account that owns it, together with domainid; administrators only")
    domain = Ref("domainid", Domain, help="domain of that account")
    project = project_ref("project that owns it")

    def execute(self) -> InstanceGroup:
        owner = resolve_owner(self.caller, self.account, self.domain, project=self.project)
        return InstanceGroupManager().create(caller=self.caller, owner=owner, name=self.group_name)


class UpdateInstanceGroup(BaseCmd):
    """Renames an instance group."""

    response = InstanceGroupResponse

    group = Ref("id", InstanceGroup, access=Access.MODIFY, required=True, select_related=["account"], help="the group")
    new_name = Str("name", help="its new name")

    def execute(self) -> InstanceGroup:
        if self.new_name is None:
            return self.group
        return InstanceGroupManager().update(caller=self.caller, group=self.group, name=self.new_name)


class DeleteInstanceGroup(BaseCmd):
    """Deletes an instance group; its machines stay."""

    response = SuccessResponse

    group = Ref("id", InstanceGroup, access=Access.MODIFY, required=True, help="the group")

    def execute(self) -> None:
        InstanceGroupManager().delete(caller=self.caller, group=self.group)
