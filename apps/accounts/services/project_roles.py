"""Roles of a project and their rules."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import F, Max

from apps.accounts import events
from apps.accounts.models import Permission, Project, ProjectRole, ProjectRolePermission
from apps.accounts.services.names import ensure_name
from apps.accounts.services.project_membership import locked
from apps.accounts.services.roles import is_rule
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish


class ProjectRoleManager:
    """Creates, changes and deletes roles of projects and their rules; the project's admins come here."""

    @transaction.atomic
    def create(self, *, caller: Caller, project: Project, name: str, description: str = "") -> ProjectRole:
        role = ProjectRole(project=project, name=_fit(name), description=description)
        _save(role)
        _tell(events.PROJECT_ROLE_CREATE, caller, role, "created")
        return role

    @transaction.atomic
    def update(
        self, *, caller: Caller, role: ProjectRole, name: str | None = None, description: str | None = None
    ) -> ProjectRole:
        """Change what is given."""
        if name is not None:
            role.name = _fit(name)
        if description is not None:
            role.description = description
        _save(role, fields=["name", "description"])
        _tell(events.PROJECT_ROLE_UPDATE, caller, role, "changed")
        return role

    @transaction.atomic
    def delete(self, *, caller: Caller, role: ProjectRole) -> None:
        """Remove a role that no member has; raises ``ResourceInUse`` else."""
        # Whoever joins the project holds its row as well: nobody gets the role meanwhile.
        locked(role.project)
        holders = role.members.count()
        if holders:
            raise ResourceInUse(
                f"role {role.name} is held by {holders} member{'' if holders == 1 else 's'} of project {role.project}: "
                "take them out, or add them with another one",
                parameter="id",
            )
        _tell(events.PROJECT_ROLE_DELETE, caller, role, "deleted")
        ProjectRole.objects.filter(pk=role.pk).delete()

    @transaction.atomic
    def add_rule(
        self, *, caller: Caller, role: ProjectRole, rule: str, permission: Permission, description: str = ""
    ) -> ProjectRolePermission:
        """Append a rule to the role's list."""
        if not is_rule(rule):
            raise InvalidParameter(
                f"rule={rule!r}: a rule is the name of a command, of letters, digits and *", parameter="rule"
            )
        _touch(role)
        if role.permissions.filter(rule__iexact=rule).exists():
            raise InvalidParameter(f"Role {role.name} has a rule {rule} already", parameter="rule")
        last = role.permissions.aggregate(last=Max("position"))["last"]
        added = ProjectRolePermission.objects.create(
            role=role,
            rule=rule,
            permission=permission,
            description=description,
            position=0 if last is None else last + 1,
        )
        _tell(events.PROJECT_ROLE_PERMISSION_CREATE, caller, role, f"{added} added")
        return added

    @transaction.atomic
    def set_permission(self, *, caller: Caller, rule: ProjectRolePermission, permission: Permission) -> None:
        """Turn one rule from allow to deny or back."""
        _touch(rule.role)
        ProjectRolePermission.objects.filter(pk=rule.pk).update(permission=permission)
        _tell(events.PROJECT_ROLE_PERMISSION_UPDATE, caller, rule.role, f"{permission} {rule.rule}")

    @transaction.atomic
    def reorder(self, *, caller: Caller, role: ProjectRole, order: Sequence[ProjectRolePermission]) -> None:
        """Put the rules in this order; raises ``InvalidParameter`` unless it names each rule of the role once."""
        _touch(role)
        if sorted(rule.pk for rule in order) != sorted(role.permissions.values_list("pk", flat=True)):
            raise InvalidParameter(
                f"ruleorder must name every rule of role {role.name} exactly once; somebody may have changed them",
                parameter="ruleorder",
            )
        for position, rule in enumerate(order):
            rule.position = position
        ProjectRolePermission.objects.bulk_update(order, ["position"])
        _tell(events.PROJECT_ROLE_PERMISSION_UPDATE, caller, role, "rules put in another order")

    @transaction.atomic
    def remove_rule(self, *, caller: Caller, rule: ProjectRolePermission) -> None:
        """Take a rule away."""
        text = str(rule)
        _touch(rule.role)
        ProjectRolePermission.objects.filter(pk=rule.pk).delete()
        _tell(events.PROJECT_ROLE_PERMISSION_DELETE, caller, rule.role, f"{text} removed")


def _fit(name: str) -> str:
    return ensure_name(name, parameter="name", what="a role's name")


def _save(role: ProjectRole, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            role.save(update_fields=fields)
    except IntegrityError:
        raise InvalidParameter(
            f"project {role.project} has a role named {role.name} already", parameter="name"
        ) from None


def _touch(role: ProjectRole) -> None:
    """Whoever changes the rules does so one after the other; what processes remember of them is old now."""
    ProjectRole.objects.filter(pk=role.pk).update(version=F("version") + 1)


def _tell(event_type: str, caller: Caller, role: ProjectRole, what: str) -> None:
    publish(
        event_type,
        caller=caller,
        description=f"role {role.name} of project {role.project}: {what}",
        resource=role,
        account_uuid=role.project.account.uuid,
    )
