"""Roles in the admin."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.accounts.models import Role, RolePermission


class RolePermissionInline(CloudInline):
    model = RolePermission
    fields = ("position", "rule", "permission", "description")
    readonly_fields = fields


@admin.register(Role)
class RoleAdmin(CloudAdmin):
    list_display = ("name", "type", "state", "is_default", "is_public", "account_count", "version", "uuid")
    list_filter = ("type", "state", "is_default", "is_public")
    search_fields = ("name", "description", "uuid")
    ordering = ("id",)
    inlines = (RolePermissionInline,)
    commands = (("enableRole", "Enable"), ("disableRole", "Disable"), ("deleteRole", "Delete (if no account has it)"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return (
            super()
            .get_queryset(request)
            .annotate(_accounts=Count("accounts", filter=Q(accounts__removed__isnull=True)))
        )

    @admin.display(description="accounts", ordering="_accounts")
    def account_count(self, role: Role) -> int:
        return role._accounts  # type: ignore[attr-defined, no-any-return]


@admin.register(RolePermission)
class RolePermissionAdmin(CloudAdmin):
    list_display = ("rule", "permission", "role", "position", "description")
    list_filter = ("permission", "role")
    search_fields = ("rule", "description", "role__name")
    list_select_related = ("role",)
    commands = (("deleteRolePermission", "Delete"),)
