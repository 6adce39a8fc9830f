"""Projects in the admin."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.accounts.models import (
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        return super().get_queryset(request).annotate(_members=Count("members"))

    @admin.display(description="members", ordering="_members")
    def member_count(self, project: Project) -> int:
        return project._members  # type: ignore[attr-defined, no-any-return]


@admin.register(ProjectMember)
class ProjectMemberAdmin(CloudAdmin):
    list_display = ("project", "account", "user", "role", "project_role")
    list_filter = ("role",)
    search_fields = ("project__name", "account__name", "user__username")
    list_select_related = ("project", "account", "user__domain", "project_role")


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


@admin.register(ProjectRolePermission)
class ProjectRolePermissionAdmin(CloudAdmin):
    list_display = ("rule", "permission", "role", "position", "description")
    list_filter = ("permission",)
    search_fields = ("rule", "description", "role__name", "role__project__name")
    list_select_related = ("role",)


@admin.register(ProjectInvitation)
class ProjectInvitationAdmin(CloudAdmin):
    list_display = ("project", "account", "user", "email", "state", "role", "created", "uuid")
    list_filter = ("state",)
    search_fields = ("project__name", "account__name", "user__username", "email", "uuid")
    list_select_related = ("project", "account", "user__domain")
