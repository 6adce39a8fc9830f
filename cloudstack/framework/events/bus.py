"""Publishing: the row is written with the change, plugins are told after the commit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from cloudstack.framework.context import Caller, correlation_id, current_caller
from cloudstack.framework.events.models import Event
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.rehearsal import current


@dataclass(frozen=True, kw_only=True)
class EventRecord:
    """A committed event as plugins see it."""

    uuid: str
    type: str
    level: str
    state: str
    description: str
    resource_type: str
    resource_uuid: str
    account_uuid: str
    job_uuid: str


Sink = Callable[[Event], None]
_sinks: list[Sink] = []


def register_sink(sink: Sink) -> None:
    """Have ``sink`` write what follows from each event in the transaction of the event: nothing is lost between.

    For the core's own apps; it must be quick, call nothing outside the database, and not publish.
    """
    if sink not in _sinks:
        _sinks.append(sink)


def publish(
    type: str,
    *,
    description: str,
    caller: Caller | None = None,
    resource: models.Model | None = None,
    level: str = Event.Level.INFO,
    state: str = Event.State.COMPLETED,
    resource_type: str = "",
    resource_uuid: Any = None,
    resource_name: str = "",
    account_uuid: Any = None,
    user_id: int | None = None,
    job_uuid: Any = None,
    parent_uuid: Any = None,
) -> Event:
    """Write an event in the running transaction; hooks hear of it after the commit.

    ``account_uuid`` defaults to the account of ``resource`` and then to the caller's.
    """
    caller = caller or current_caller()
    if resource is not None:
        resource_type = resource_type or type_name(resource)
        resource_uuid = resource_uuid or getattr(resource, "uuid", None)
        resource_name = resource_name or str(resource)
        account_uuid = account_uuid or account_uuid_of(resource)
    if account_uuid is None and caller is not None:
        account_uuid = caller.account_uuid
    event = Event.objects.create(
        type=type,
        level=level,
        state=state,
        description=description[:1024],
        user_id=user_id or (caller.user_id if caller and caller.user_id else None),
        account_uuid=account_uuid,
        resource_type=resource_type,
        resource_uuid=resource_uuid,
        resource_name=resource_name[:255],
        job_uuid=job_uuid,
        parent_uuid=parent_uuid,
        correlation_id=correlation_id(),
    )
    if (rehearsal := current()) is not None:
        rehearsal.events.append(event)
    for sink in _sinks:
        sink(event)
    if pm.hook.event_published.get_hookimpls():
        transaction.on_commit(lambda: _tell(event), robust=True)
    return event


def type_name(resource: models.Model) -> str:
    """The name of a resource's kind in events and jobs: its model's class name."""
    return type(resource).__name__


def account_uuid_of(resource: models.Model) -> Any:
    """UUID of the account that owns ``resource``, None for infrastructure."""
    account = getattr(resource, "account", None)
    return getattr(account, "uuid", None)


def _tell(event: Event) -> None:
    record = EventRecord(
        uuid=str(event.uuid),
        type=event.type,
        level=event.level,
        state=event.state,
        description=event.description,
        resource_type=event.resource_type,
        resource_uuid=str(event.resource_uuid or ""),
        account_uuid=str(event.account_uuid or ""),
        job_uuid=str(event.job_uuid or ""),
    )
    pm.tell("event_published", event=record)
