"""Events in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from apps.accounts.admin.badges import badge
from apps.accounts.admin.base import CloudAdmin
from apps.accounts.admin.panels import job_link, link_to_resource
from cloudstack.framework.events.models import Event
from cloudstack.framework.events.types import event_types


class SubjectFilter(admin.SimpleListFilter):
    """By the first word of the type; the words come from what is declared, not from a scan of all events."""

    title = "subject"
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word) for word in sorted({name.partition(".")[0] for name in event_types()})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type__startswith=f"{self.value()}.") if self.value() else queryset


@admin.register(Event)
class EventAdmin(CloudAdmin):
    list_display = ("shown_type", "state", "description", "user", "about", "job", "created")
    list_filter = ("level", "state", "created", "archived", SubjectFilter)
    list_select_related = ("user",)
    search_fields = ("description", "type", "resource_name")
    search_help_text = "words, a type, or the UUID of an event, of its object or of its job"
    ordering = ("-id",)
    fields = (
        "uuid",
        "type",
        "level",
        "state",
        "description",
        "about",
        "user",
        "account_uuid",
        "job",
        "created",
        "archived",
        "correlation_id",
    )
    has_job_panels = False
    commands = (("archiveEvents", "Archive", {"parameter": "ids"}),)

    @admin.display(description="type", ordering="type")
    def shown_type(self, event: Event) -> str:
        return badge(event.level, label=event.type)

    @admin.display(description="about")
    def about(self, event: Event) -> str:
        return link_to_resource(event.resource_type, event.resource_uuid, event.resource_name)

    @admin.display(description="job")
    def job(self, event: Event) -> str:
        return job_link(event.job_uuid, "job") if event.job_uuid else "–"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], term: str
    ) -> tuple[QuerySet[Event], bool]:
        known = self.as_uuid(term)
        if known is not None:
            return queryset.filter(Q(uuid=known) | Q(resource_uuid=known) | Q(job_uuid=known)), False
        return super().get_search_results(request, queryset, term)
