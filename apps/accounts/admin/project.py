"""Projects in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from apps.accounts.admin.base import AdminCommand, CloudAdmin, CloudInline
from apps.accounts.models import (
    MemberRole,
    Project,
    ProjectInvitation,
    ProjectMember,
    ProjectRole,
    ProjectRolePermission,
)


class ProjectMemberInline(CloudInline):
    model = ProjectMember
    fields = ("account", "user", "role", "project_role")
    readonly_fields = fields
    joined = ("account", "user__domain", "project_role", "project")


class ProjectRoleInline(CloudInline):
    model = ProjectRole
    fields = ("name", "description", "version")
    readonly_fields = fields
    show_change_link = True


@admin.register(Project)
class ProjectAdmin(CloudAdmin):
    list_display = ("name", "display_text", "domain", "state", "member_count", "uuid", "created")
    list_filter = ("state",)
    search_fields = ("name", "display_text", "uuid", "domain__path")
    ordering = ("domain__path", "name")
    list_select_related = ("domain",)
    inlines = (ProjectMemberInline, ProjectRoleInline)
    commands = (
        ("activateProject", "Activate"),
        ("suspendProject", "Suspend and stop its machines", {"confirm": True}),
        ("deleteProject", "Delete (if it owns nothing)", {"cleanup": False}),
        ("deleteProject", "Delete with all that it owns", {"cleanup": True}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        return super().get_queryset(request).annotate(_members=Count("members"))

    @admin.display(description="members", ordering="_members")
    def member_count(self, project: Project) -> int:
        return project._members  # type: ignore[attr-defined, no-any-return]


def _named(member: ProjectMember) -> dict[str, Any]:
    """The parameters of updateProject that name a member."""
    who = {"userid": member.user.uuid} if member.user else {"account": member.account.name}
    return {"id": member.project.uuid, **who}


@admin.register(ProjectMember)
class ProjectMemberAdmin(CloudAdmin):
    list_display = ("project", "account", "user", "role", "project_role")
    list_filter = ("role",)
    search_fields = ("project__name", "account__name", "user__username")
    list_select_related = ("project", "account", "user__domain", "project_role")
    commands = (
        AdminCommand(
            command="updateProject",
            label="Make an admin besides the others",
            params=_named,
            fixed={"swapowner": False, "roletype": "Admin"},
            suits=lambda member: member.role == MemberRole.REGULAR,
        ),
        AdminCommand(
            command="updateProject",
            label="Make a regular member",
            params=_named,
            fixed={"swapowner": False, "roletype": "Regular"},
            suits=lambda member: member.role == MemberRole.ADMIN,
        ),
        AdminCommand(
            command="deleteAccountFromProject",
            label="Take the account out of the project",
            params=lambda member: {"projectid": member.project.uuid, "account": member.account.name},
            confirm=True,
            suits=lambda member: member.user_id is None,
        ),
        AdminCommand(
            command="deleteUserFromProject",
            label="Take the user out of the project",
            params=lambda member: {"projectid": member.project.uuid, "userid": member.user.uuid},
            confirm=True,
            suits=lambda member: member.user_id is not None,
        ),
    )


class ProjectRolePermissionInline(CloudInline):
    model = ProjectRolePermission
    fields = ("position", "rule", "permission", "description")
    readonly_fields = fields


@admin.register(ProjectRole)
class ProjectRoleAdmin(CloudAdmin):
    list_display = ("name", "project", "description", "version", "uuid")
    search_fields = ("name", "description", "uuid", "project__name")
    list_select_related = ("project",)
    inlines = (ProjectRolePermissionInline,)
    commands = (
        (
            "deleteProjectRole",
            "Delete (if no member has it)",
            {"params": lambda role: {"id": role.uuid, "projectid": role.project.uuid}},
        ),
    )


@admin.register(ProjectRolePermission)
class ProjectRolePermissionAdmin(CloudAdmin):
    list_display = ("rule", "permission", "role", "position", "description")
    list_filter = ("permission",)
    search_fields = ("rule", "description", "role__name", "role__project__name")
    list_select_related = ("role__project",)
    commands = (
        (
            "deleteProjectRolePermission",
            "Delete",
            {"params": lambda rule: {"id": rule.uuid, "projectid": rule.role.project.uuid}},
        ),
    )


@admin.register(ProjectInvitation)
class ProjectInvitationAdmin(CloudAdmin):
    list_display = ("project", "account", "user", "email", "state", "role", "created", "uuid")
    list_filter = ("state",)
    search_fields = ("project__name", "account__name", "user__username", "email", "uuid")
    list_select_related = ("project", "account", "user__domain")
    commands = (("deleteProjectInvitation", "Take back"),)
