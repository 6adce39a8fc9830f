"""Domains in the admin."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from apps.accounts.admin.base import CloudAdmin
from apps.accounts.models import Domain
from apps.accounts.services.domains import owners_in
from apps.accounts.services.removal import contents


@admin.register(Domain)
class DomainAdmin(CloudAdmin):
    list_display = ("shown_path", "state", "account_count", "network_domain", "uuid", "created")
    list_filter = ("state", "level")
    search_fields = ("name", "path", "uuid")
    ordering = ("path",)
    list_select_related = ("parent",)
    commands = (
        ("deleteDomain", "Delete (if empty)"),
        (
            "deleteDomain",
            "Delete with all that is in it",
            {"cleanup": True, "tells": lambda domain: contents(owners_in(domain))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        return (
            super()
            .get_queryset(request)
            .annotate(_accounts=Count("accounts", filter=Q(accounts__removed__isnull=True)))
        )

    @admin.display(description="path", ordering="path")
    def shown_path(self, domain: Domain) -> str:
        return domain.shown_path

    @admin.display(description="accounts", ordering="_accounts")
    def account_count(self, domain: Domain) -> int:
        return domain._accounts  # type: ignore[attr-defined, no-any-return]
