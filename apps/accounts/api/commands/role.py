"""Commands on roles."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.api.responses.role import RolePermissionResponse, RoleResponse
from apps.accounts.models import Permission, Role, RolePermission
from apps.accounts.models.role import ROLE_TYPE_NAMES
from apps.accounts.selectors import roles_visible_to
from apps.accounts.services.roles import RoleManager, is_rule
from apps.accounts.states import RoleState
from cloudstack.api import (
    ADMINS,
    ROOT,
    Access,
    BaseCmd,
    BaseListCmd,
    Choice,
    Flag,
    MapList,
    Ref,
    RefList,
    Str,
    SuccessResponse,
)
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import InvalidParameter

_TYPES = {name: kind for kind, name in ROLE_TYPE_NAMES.items()}


class ListRoles(BaseListCmd):
    """Lists roles; domain admins see those that they may give away."""

    roles = ADMINS
    response = RoleResponse

    role_name = Str("name", lookup="name", help="list the role of this name")
    kind = Choice("type", tuple(_TYPES), help="list roles of this type")
    state = Choice("state", RoleState, lookup="state", help="enabled or disabled")

    def queryset(self) -> QuerySet[Role]:
        roles = roles_visible_to(caller=self.caller)
        return roles.filter(type=_TYPES[self.kind]) if self.kind else roles


class _ChangesRoles(BaseCmd):
    abstract = True
    roles = ROOT
    response = RoleResponse

    def kind_or_none(self) -> RoleType | None:
        return _TYPES[self.kind] if self.kind else None


class CreateRole(_ChangesRoles):
    """Creates a role of a type, or as a copy of another."""

    event_type = events.ROLE_CREATE

    role_name = Str("name", required=True, help="name of the role")
    based_on = Ref("roleid", Role, help="the role to copy, with its rules")
    public = Flag("ispublic", default=True, help="whether domain admins may give it away")
    kind = Choice("type", tuple(_TYPES), help="type of the role, unless it is a copy")
    text = Str("description", default="", max_length=4096, help="what it is for")

    def execute(self) -> Role:
        return RoleManager().create(
            caller=self.caller,
            name=self.role_name,
            kind=self.kind_or_none(),
            based_on=self.based_on,
            description=self.text,
            is_public=self.public,
        )


class ImportRole(_ChangesRoles):
    """Creates a role with all its rules at once, or overwrites one."""

    event_type = events.ROLE_IMPORT
    since = "4.15.0"

    role_name = Str("name", required=True, help="name of the role")
    rules = MapList(
        "rules",
        required=True,
        help="the rules in order: rules[0].rule=list*, rules[0].permission=allow or deny, rules[0].description",
    )
    forced = Flag("forced", default=False, help="overwrite a role of this name")
    public = Flag("ispublic", help="whether domain admins may give it away")
    kind = Choice("type", tuple(_TYPES), help="type of the role; needed unless one is overwritten")
    text = Str("description", max_length=4096, help="what it is for")

    def execute(self) -> Role:
        return RoleManager().bring_in(
            caller=self.caller,
            name=self.role_name,
            rules=[self._rule(number, row) for number, row in enumerate(self.rules)],
            kind=self.kind_or_none(),
            description=self.text,
            is_public=self.public,
            forced=self.forced,
        )

    def _rule(self, number: int, row: dict[str, str]) -> tuple[str, Permission, str]:
        name, word = row.get("rule", ""), row.get("permission", "").lower()
        if not is_rule(name):
            raise InvalidParameter(
                f"rules[{number}].rule={name!r}: the name of a command is expected, of letters, digits and *",
                parameter="rules",
            )
        if word not in Permission.values:
            raise InvalidParameter(f"rules[{number}].permission={word!r}: give allow or deny", parameter="rules")
        if name.lower() in (earlier.get("rule", "").lower() for earlier in self.rules[:number]):
            raise InvalidParameter(f"rules[{number}]: there is a rule {name} before it already", parameter="rules")
        return name, Permission(word), row.get("description", "")


class UpdateRole(_ChangesRoles):
    """Changes a role that did not come with the installation."""

    event_type = events.ROLE_UPDATE

    role = Ref("id", Role, access=Access.MODIFY, required=True, help="the role")
    role_name = Str("name", help="new name")
    text = Str("description", max_length=4096, help="what it is for")
    public = Flag("ispublic", help="whether domain admins may give it away")
    kind = Choice("type", tuple(_TYPES), help="new type; only while no account has the role")

    def execute(self) -> Role:
        return RoleManager().update(
            caller=self.caller,
            role=self.role,
            name=self.role_name,
            kind=self.kind_or_none(),
            description=self.text,
            is_public=self.public,
        )


class DeleteRole(_ChangesRoles):
    """Deletes a role that no account has."""

    response = SuccessResponse
    event_type = events.ROLE_DELETE

    role = Ref("id", Role, access=Access.MODIFY, required=True, help="the role")

    def execute(self) -> None:
        RoleManager().delete(caller=self.caller, role=self.role)


class EnableRole(_ChangesRoles):
    """Enables a role that was disabled."""

    response = SuccessResponse

    role = Ref("id", Role, access=Access.MODIFY, required=True, help="the role")

    def execute(self) -> None:
        RoleManager().enable(caller=self.caller, role=self.role)


class DisableRole(_ChangesRoles):
    """Shuts out all users whose account has the role."""

    response = SuccessResponse

    role = Ref("id", Role, access=Access.MODIFY, required=True, help="the role")

    def execute(self) -> None:
        RoleManager().disable(caller=self.caller, role=self.role)


class ListRolePermissions(BaseCmd):
    """Lists the rules of a role, or of all roles, in the order in which they are tried."""

    roles = ROOT
    response = RolePermissionResponse
    list_shaped = True

    role = Ref("roleid", Role, help="the role; all roles if left out")

    def execute(self) -> QuerySet[RolePermission]:
        rules = RolePermission.objects.filter(role__in=roles_visible_to(caller=self.caller).values("pk"))
        return rules.filter(role=self.role) if self.role else rules


class CreateRolePermission(BaseCmd):
    """Adds a rule at the end of a role's list."""

    roles = ROOT
    response = RolePermissionResponse
    event_type = events.ROLE_PERMISSION_CREATE

    role = Ref("roleid", Role, access=Access.MODIFY, required=True, help="the role")
    rule = Str("rule", required=True, help="name of a command, with * for any letters and digits")
    permission = Choice("permission", Permission, required=True, help="allow or deny")
    text = Str("description", default="", max_length=4096, help="why")

    def execute(self) -> RolePermission:
        return RoleManager().add_rule(
            caller=self.caller,
            role=self.role,
            rule=self.rule,
            permission=Permission(self.permission),
            description=self.text,
        )


class UpdateRolePermission(BaseCmd):
    """Puts the rules of a role in another order, or turns one rule from allow to deny or back."""

    roles = ROOT
    event_type = events.ROLE_PERMISSION_UPDATE

    role = Ref("roleid", Role, access=Access.MODIFY, required=True, help="the role")
    order = RefList("ruleorder", RolePermission, help="all rules of the role in their new order")
    rule = Ref("ruleid", RolePermission, access=Access.MODIFY, help="the rule to turn; goes with permission")
    permission = Choice("permission", Permission, help="allow or deny")

    def execute(self) -> Any:
        if (self.order is None) == (self.rule is None):
            raise InvalidParameter("Give either ruleorder, or ruleid and permission", parameter="ruleorder")
        if self.order is not None:
            return RoleManager().reorder(caller=self.caller, role=self.role, order=self.order)
        if self.permission is None:
            raise InvalidParameter("ruleid goes with permission=allow or permission=deny", parameter="permission")
        if self.rule.role_id != self.role.pk:
            raise InvalidParameter(f"The rule is not one of role {self.role.name}", parameter="ruleid")
        return RoleManager().set_permission(caller=self.caller, rule=self.rule, permission=Permission(self.permission))


class DeleteRolePermission(BaseCmd):
    """Takes a rule away from its role."""

    roles = ROOT
    event_type = events.ROLE_PERMISSION_DELETE

    rule = Ref("id", RolePermission, access=Access.MODIFY, required=True, help="the rule")

    def execute(self) -> None:
        RoleManager().remove_rule(caller=self.caller, rule=self.rule)
