"""Events: listed, put aside, deleted."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.api.listing import ALL_PROJECTS, DomainScopedListCmd
from apps.accounts.models import Account, AccountType, Project
from apps.accounts.selectors.scope import domains_beneath
from apps.portal.api.responses.event import EventResponse
from apps.portal.selectors import events_visible_to
from cloudstack.api import (
    ADMINS,
    Access,
    BaseCmd,
    BaseListCmd,
    Date,
    Flag,
    Int,
    Ref,
    RefList,
    Response,
    Str,
    SuccessResponse,
)
from cloudstack.api.counting import Few
from cloudstack.api.fields import STRING, Field
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.models import Event
from cloudstack.framework.events.types import event_types


def _of_any_project() -> Q:
    """Projects are few beside accounts: they are asked for, not the accounts for their type."""
    return Q(Few("account_uuid", Project.all_objects.order_by().values("account__uuid")))


class ListEvents(DomainScopedListCmd):
    """Lists events, newest first: those of your account, or with listall all within your reach."""

    response = EventResponse
    keyword_fields = ("description", "type", "resource_name")
    ordering = ("-id",)

    event_kind = Str("type", lookup="type", help="such as VM.START")
    level = Str("level", lookup="level", help="INFO, WARN or ERROR")
    state = Str("state", lookup="state", help="Created, Scheduled, Started or Completed")
    start_date = Date("startdate", lookup="created__gte", help="from this time on")
    end_date = Date("enddate", end_of_day=True, lookup="created__lte", help="until this time")
    start_event = Ref("startid", Event, help="the event that began an operation, and those that followed it")
    duration = Int("duration", help="with entrytime: events of operations that lasted this many seconds")
    entry_time = Int("entrytime", help="events of the last so many seconds")
    resource_uuid = Str("resourceid", lookup="resource_uuid", help="events about this object")
    resource_type = Str("resourcetype", lookup="resource_type__iexact", help="events about objects of this kind")
    archived = Flag("archived", default=False, help="those put aside instead of the others")
    account = Str("account", help="events of this account; with domainid")
    project = Ref(
        "projectid",
        Project,
        access=Access.OPERATE,
        select_related=("account",),
        also=(ALL_PROJECTS,),
        help="events of this project; -1 for those of all your projects",
    )

    def queryset(self) -> QuerySet[Event]:
        events = events_visible_to(caller=self.caller).filter(archived=self.archived)
        if self.start_event is not None:
            job = self.start_event.job_uuid
            events = events.filter(job_uuid=job) if job else events.filter(pk=self.start_event.pk)
        if self.entry_time is not None:
            events = events.filter(created__gte=timezone.now() - timedelta(seconds=self.entry_time))
        return self._owned(events)

    def _owned(self, events: QuerySet[Event]) -> QuerySet[Event]:
        accounts = Account.all_objects.all()
        if self.project is not None:
            return self._of_projects(events)
        if self.account:
            domain = self.domain.pk if self.domain is not None else self.caller.domain_id
            return events.filter(account_uuid__in=accounts.filter(name=self.account, domain=domain).values("uuid"))
        if self.domain is not None and self.caller.is_admin:
            domains = domains_beneath(self.domain.path) if self.recursive else [self.domain.pk]
            values = domains if isinstance(domains, list) else domains.values("pk")
            return events.filter(
                account_uuid__in=accounts.filter(domain__in=values).exclude(type=AccountType.PROJECT).values("uuid")
            )
        if self.names_rows():
            return events
        if self.caller.is_admin and self.list_all:
            return events.exclude(_of_any_project())
        return events.filter(account_uuid=self.caller.account_uuid)

    def _of_projects(self, events: QuerySet[Event]) -> QuerySet[Event]:
        if self.account:
            raise InvalidParameter("Account and projectId can't be specified together", parameter="projectid")
        if isinstance(self.project, Project):
            return events.filter(account_uuid=self.project.account.uuid)
        if self.list_all:
            return events
        if self.caller.is_root_admin:
            return events.filter(_of_any_project())
        return events.filter(account_uuid__in=self.caller.account_uuids[1:] or [self.caller.account_uuid])


class EventTypeResponse(Response):
    object_name = "eventtype"

    event_name = Field(wire="name", type=STRING, help="name of the type")
    description = Field(type=STRING, help="when such an event is written")


class ListEventTypes(BaseListCmd):
    """Lists the types of events that there are."""

    response = EventTypeResponse
    id_filter = ids_filter = None

    def queryset(self) -> list[dict[str, Any]]:
        wanted = (self.keyword or "").lower()
        return [{"name": name, "description": text} for name, text in event_types().items() if wanted in name.lower()]


class _SomeEvents(BaseCmd):
    """A command on events that are named, or chosen by type and time."""

    abstract = True
    roles = ADMINS
    response = SuccessResponse

    events = RefList("ids", Event, access=Access.MODIFY, help="these events")
    event_kind = Str("type", help="events of this type")
    start_date = Date("startdate", help="events from this time on")
    end_date = Date("enddate", end_of_day=True, help="events until this time")

    def chosen(self) -> QuerySet[Event]:
        """Within the caller's reach; raises ``InvalidParameter`` when nothing narrows the choice."""
        events = events_visible_to(caller=self.caller, access=Access.MODIFY)
        asked = {
            "pk__in": [event.pk for event in self.events] if self.events else None,
            "type": self.event_kind,
            "created__gte": self.start_date,
            "created__lte": self.end_date,
        }
        filters = {path: value for path, value in asked.items() if value is not None}
        if not filters:
            raise InvalidParameter("give ids, type, startdate or enddate", parameter="ids")
        return events.filter(**filters)


class ArchiveEvents(_SomeEvents):
    """Puts events aside: lists no longer show them."""

    def execute(self) -> None:
        self.chosen().update(archived=True)


class DeleteEvents(_SomeEvents):
    """Deletes events."""

    def execute(self) -> None:
        self.chosen().delete()
