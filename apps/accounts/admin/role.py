"""Roles in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path

from apps.accounts.admin.badges import badge
from apps.accounts.admin.base import CloudAdmin, Panel
from apps.accounts.admin.role_rules import rules_view
from apps.accounts.models import Role, RolePermission
from apps.accounts.services.role_effects import effects_of


@admin.register(Role)
class RoleAdmin(CloudAdmin):
    list_display = ("name", "type", "state", "is_default", "is_public", "account_count", "version", "uuid")
    list_filter = ("type", "state", "is_default", "is_public")
    search_fields = ("name", "description", "uuid")
    ordering = ("id",)
    commands = (("enableRole", "Enable"), ("disableRole", "Disable"), ("deleteRole", "Delete (if no account has it)"))

    def get_urls(self) -> list[Any]:
        rules = self.admin_site.admin_view(self.rules_view)
        return [path("<path:object_id>/rules/", rules, name="accounts_role_rules"), *super().get_urls()]

    def rules_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The editor of the rules."""
        return rules_view(self, request, object_id)

    def links(self, request: HttpRequest, role: Role) -> list[dict[str, str]]:
        return [{"url": self._url("rules", role.pk), "label": "Rules and what they allow"}]

    def panels(self, request: HttpRequest, role: Role) -> list[Panel]:
        return [self._rules_panel(role), *super().panels(request, role)]

    def _rules_panel(self, role: Role) -> Panel:
        """The rules in order with how many commands each decides."""
        rules = list(role.permissions.order_by("position", "pk"))
        reaches = effects_of(role, rules).reaches
        rows = [
            [
                place,
                rule.rule,
                badge("enabled" if rule.permission == "allow" else "error", label=rule.permission),
                f"{len(reach.decided)} of {reach.matched}",
                rule.description or "–",
            ]
            for place, (rule, reach) in enumerate(zip(rules, reaches, strict=True), start=1)
        ]
        columns = ["#", "Rule", "Permission", "Decides commands", "Why"]
        empty = "No rules: the declaration of each command decides."
        return Panel("Rules", columns, rows, empty, self._url("rules", role.pk), "Edit and test")

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
