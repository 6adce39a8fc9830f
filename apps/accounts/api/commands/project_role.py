"""Commands on the roles of projects and their rules."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts import events
from apps.accounts.api.responses.project import ProjectRolePermissionResponse, ProjectRoleResponse
from apps.accounts.models import Permission, Project, ProjectRole, ProjectRolePermission
from apps.accounts.selectors import project_role_permissions_visible_to, project_roles_visible_to
from apps.accounts.services.project_roles import ProjectRoleManager
from cloudstack.api import Access, BaseCmd, BaseListCmd, Choice, Ref, RefList, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter


class _OfProject(BaseCmd):
    """``projectid`` says again whose role it is: one of another project is refused."""

    abstract = True

    project = Ref(
        "projectid",
        Project,
        access=Access.MODIFY,
        required=True,
        select_related=("account",),
        help="the project; its admins and those of its domain",
    )

    def ensure_of_project(self, role: ProjectRole, parameter: str) -> ProjectRole:
        if role.project_id != self.project.pk:
            raise InvalidParameter(f"role {role} is not one of project {self.project}", parameter=parameter)
        role.project = self.project
        return role


class ListProjectRoles(BaseListCmd):
    """Lists the roles of a project."""

    response = ProjectRoleResponse
    id_filter = ids_filter = None

    project = Ref("projectid", Project, access=Access.OPERATE, required=True, lookup="project", help="the project")
    role = Ref("projectroleid", ProjectRole, help="this role")
    role_name = Str("name", lookup="name", help="the role of this name")

    def queryset(self) -> QuerySet[ProjectRole]:
        roles = project_roles_visible_to(caller=self.caller, access=Access.OPERATE)
        return roles.filter(pk=self.role.pk) if self.role is not None else roles


class CreateProjectRole(_OfProject):
    """Creates a role in a project: rules on what regular members that have it may call there."""

    response = ProjectRoleResponse
    event_type = events.PROJECT_ROLE_CREATE

    role_name = Str("name", required=True, help="its name, once per project")
    text = Str("description", default="", max_length=4096, help="what it is for")

    def execute(self) -> ProjectRole:
        return ProjectRoleManager().create(
            caller=self.caller, project=self.project, name=self.role_name, description=self.text
        )


class UpdateProjectRole(_OfProject):
    """Changes the name or text of a project's role."""

    response = ProjectRoleResponse
    event_type = events.PROJECT_ROLE_UPDATE

    role = Ref("id", ProjectRole, access=Access.MODIFY, required=True, help="the role")
    role_name = Str("name", help="new name")
    text = Str("description", max_length=4096, help="new text")

    def execute(self) -> ProjectRole:
        role = self.ensure_of_project(self.role, "id")
        return ProjectRoleManager().update(caller=self.caller, role=role, name=self.role_name, description=self.text)


class DeleteProjectRole(_OfProject):
    """Deletes a role of a project that no member has."""

    response = SuccessResponse
    event_type = events.PROJECT_ROLE_DELETE

    role = Ref("id", ProjectRole, access=Access.MODIFY, required=True, help="the role")

    def execute(self) -> None:
        ProjectRoleManager().delete(caller=self.caller, role=self.ensure_of_project(self.role, "id"))


class ListProjectRolePermissions(BaseCmd):
    """Lists the rules of a project's role, or of all its roles, in the order in which they are tried."""

    response = ProjectRolePermissionResponse
    list_shaped = True

    project = Ref("projectid", Project, access=Access.OPERATE, required=True, help="the project")
    role = Ref("projectroleid", ProjectRole, help="the role; all roles of the project if left out")

    def execute(self) -> QuerySet[ProjectRolePermission]:
        rules = project_role_permissions_visible_to(caller=self.caller, access=Access.OPERATE)
        rules = rules.filter(role__project=self.project)
        return rules.filter(role=self.role) if self.role is not None else rules


class CreateProjectRolePermission(_OfProject):
    """Adds a rule at the end of the list of a project's role."""

    response = ProjectRolePermissionResponse
    event_type = events.PROJECT_ROLE_PERMISSION_CREATE

    role = Ref("projectroleid", ProjectRole, access=Access.MODIFY, required=True, help="the role")
    rule = Str("rule", required=True, help="name of a command, with * for any letters and digits")
    permission = Choice("permission", Permission, required=True, help="allow or deny")
    text = Str("description", default="", max_length=4096, help="why")

    def execute(self) -> ProjectRolePermission:
        return ProjectRoleManager().add_rule(
            caller=self.caller,
            role=self.ensure_of_project(self.role, "projectroleid"),
            rule=self.rule,
            permission=Permission(self.permission),
            description=self.text,
        )


class UpdateProjectRolePermission(_OfProject):
    """Puts the rules of a project's role in another order, or turns one rule from allow to deny or back."""

    event_type = events.PROJECT_ROLE_PERMISSION_UPDATE

    role = Ref("projectroleid", ProjectRole, access=Access.MODIFY, required=True, help="the role")
    order = RefList("ruleorder", ProjectRolePermission, help="all rules of the role in their new order")
    rule = Ref(
        "projectrolepermissionid",
        ProjectRolePermission,
        access=Access.MODIFY,
        help="the rule to turn; goes with permission",
    )
    permission = Choice("permission", Permission, help="allow or deny")

    def execute(self) -> Any:
        role = self.ensure_of_project(self.role, "projectroleid")
        if (self.order is None) == (self.rule is None):
            raise InvalidParameter(
                "Give either ruleorder, or projectrolepermissionid and permission", parameter="ruleorder"
            )
        if self.order is not None:
            return ProjectRoleManager().reorder(caller=self.caller, role=role, order=self.order)
        if self.permission is None:
            raise InvalidParameter(
                "projectrolepermissionid goes with permission=allow or permission=deny", parameter="permission"
            )
        if self.rule.role_id != role.pk:
            raise InvalidParameter(f"The rule is not one of role {role.name}", parameter="projectrolepermissionid")
        self.rule.role = role
        return ProjectRoleManager().set_permission(
            caller=self.caller, rule=self.rule, permission=Permission(self.permission)
        )


class DeleteProjectRolePermission(_OfProject):
    """Takes a rule away from a project's role."""

    event_type = events.PROJECT_ROLE_PERMISSION_DELETE

    rule = Ref("id", ProjectRolePermission, access=Access.MODIFY, required=True, help="the rule")

    def execute(self) -> None:
        self.rule.role = self.ensure_of_project(self.rule.role, "id")
        ProjectRoleManager().remove_rule(caller=self.caller, rule=self.rule)
