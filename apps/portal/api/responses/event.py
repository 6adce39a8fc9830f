"""An event on the wire."""

from collections.abc import Mapping
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from apps.accounts.models import Account
from apps.accounts.models.domain import shown_path
from cloudstack.api import BOOL, DATE, STRING, Field, Response
from cloudstack.api.fields import uuid_text
from cloudstack.framework.context import Caller
from cloudstack.framework.events.models import Event


def _owner(wire: str, *, uuid: bool = False, hidden_in_projects: bool = False, help: str) -> Field:
    """What is known of the account that the event belongs to; all of it is read together."""

    def compute(row: Mapping[str, Any]) -> str | None:
        owner = row["owner"]
        if not owner or (hidden_in_projects and owner["projectid"]):
            return None
        return uuid_text(owner[wire]) if uuid and owner[wire] else owner[wire]

    return Field(compute=compute, needs=("owner",), type=STRING, help=help)


class EventResponse(Response):
    object_name = "event"
    model = Event

    id = Field("uuid", help="UUID of the event")
    type = Field(help="what happened, such as VM.START")
    level = Field(help="INFO, WARN or ERROR")
    state = Field(help="Created, Scheduled, Started or Completed")
    description = Field(help="what happened, in words")
    username = Field("user__username", help="who caused it")
    account = _owner("account", hidden_in_projects=True, help="account that it belongs to, unless it is a project's")
    projectid = _owner("projectid", uuid=True, help="project that it belongs to")
    project = _owner("project", help="name of that project")
    domainid = _owner("domainid", uuid=True, help="domain of that account")
    domain = _owner("domain", help="name of that domain")
    domainpath = Field(
        compute=lambda row: shown_path(row["owner"]["path"]) if row["owner"] else None,
        needs=("owner",),
        type=STRING,
        help="path of that domain",
    )
    resourceid = Field("resource_uuid", type=STRING, help="what it is about")
    resourcetype = Field("resource_type", help="kind of what it is about")
    resourcename = Field("resource_name", help="name of what it is about")
    parentid = Field("parent_uuid", type=STRING, help="the event that began the same operation")
    created = Field(type=DATE, help="when it happened")
    archived = Field(type=BOOL, help="whether it was put aside")
    jobid = Field("job_uuid", type=STRING, help="the job that it tells of")

    @classmethod
    def prepare(cls, queryset: "QuerySet[Any]", *, caller: Caller) -> "QuerySet[Any]":
        facts = JSONObject(
            account="name",
            projectid="project__uuid",
            project="project__name",
            domainid="domain__uuid",
            domain="domain__name",
            path="domain__path",
        )
        owner = Account.all_objects.filter(uuid=OuterRef("account_uuid")).values(facts=facts)
        return queryset.annotate(owner=Subquery(owner[:1]))
