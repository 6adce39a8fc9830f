"""An event on the wire."""

from django.db.models import OuterRef, Subquery

from apps.accounts.models import Account
from cloudstack.api import BOOL, DATE, STRING, Field, Response
from cloudstack.framework.events.models import Event


def _of_account(path: str) -> object:
    """The value at ``path`` of the account that the event belongs to, found by its unique UUID."""
    return lambda: Subquery(Account.all_objects.filter(uuid=OuterRef("account_uuid")).values(path)[:1])


class EventResponse(Response):
    object_name = "event"
    model = Event

    id = Field("uuid", help="UUID of the event")
    type = Field(help="what happened, such as VM.START")
    level = Field(help="INFO, WARN or ERROR")
    state = Field(help="Created, Scheduled, Started or Completed")
    description = Field(help="what happened, in words")
    username = Field("user__username", help="who caused it")
    account = Field(
        expression=lambda: Subquery(
            Account.all_objects.filter(uuid=OuterRef("account_uuid"), project__isnull=True).values("name")[:1]
        ),
        type=STRING,
        help="account that it belongs to, unless it is a project's",
    )
    projectid = Field(expression=_of_account("project__uuid"), type=STRING, help="project that it belongs to")
    project = Field(expression=_of_account("project__name"), type=STRING, help="name of that project")
    domainid = Field(expression=_of_account("domain__uuid"), type=STRING, help="domain of that account")
    domain = Field(expression=_of_account("domain__name"), type=STRING, help="name of that domain")
    resourceid = Field("resource_uuid", type=STRING, help="what it is about")
    resourcetype = Field("resource_type", help="kind of what it is about")
    resourcename = Field("resource_name", help="name of what it is about")
    parentid = Field("parent_uuid", type=STRING, help="the event that began the same operation")
    created = Field(type=DATE, help="when it happened")
    archived = Field(type=BOOL, help="whether it was put aside")
    jobid = Field("job_uuid", type=STRING, help="the job that it tells of")
