"""Submitting jobs: rows in the caller's transaction, the bell after its commit."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.db import models, transaction

from cloudstack.framework.context import Caller, correlation_id, current_command, take_job_uuid
from cloudstack.framework.events.bus import account_uuid_of, publish, type_name
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import registry
from cloudstack.framework.jobs.bell import ring_on_commit
from cloudstack.framework.jobs.models import AsyncJob, JobLock, JobStep
from cloudstack.framework.rehearsal import current


@transaction.atomic
def dispatch(
    name: str,
    *,
    caller: Caller | None = None,
    exclusive: Iterable[str] = (),
    shared: Iterable[str] = (),
    resource: models.Model | None = None,
    account_uuid: Any = None,
    arguments: dict[str, Any] | None = None,
    queue: str = "jobs",
    description: str = "",
    event_type: str = "",
) -> AsyncJob:
    """Store a job of the workflow ``name``; a worker takes it after the commit.

    ``exclusive`` and ``shared`` name locks (``vm:<uuid>``); ``arguments`` holds ids, never secrets. Jobs
    that no caller asked for (sweeps, power reports) pass no ``caller``. Raises ``InternalError`` for an
    unknown workflow.
    """
    workflow = registry.get(name)
    command = current_command()
    exclusive = set(exclusive)
    wanted = [(lock, True) for lock in sorted(exclusive)] + [(lock, False) for lock in sorted(set(shared) - exclusive)]
    job = AsyncJob.objects.create(
        uuid=take_job_uuid() or uuid4(),
        name=name,
        description=(description or workflow.title or name)[:255],
        arguments=arguments or {},
        lock_names=wanted,
        queue=queue,
        user_id=caller.user_id if caller and caller.user_id else None,
        account_uuid=account_uuid
        or (account_uuid_of(resource) if resource is not None else None)
        or (caller.account_uuid if caller else None),
        command=command.name,
        event_type=event_type or command.event_type,
        resource_type=type_name(resource) if resource is not None else "",
        resource_uuid=getattr(resource, "uuid", None),
        correlation_id=correlation_id(),
    )
    JobStep.objects.bulk_create(
        JobStep(job=job, position=position, name=step.__name__, title=step.title or step.__name__)
        for position, step in enumerate(workflow.steps)
    )
    JobLock.objects.bulk_create(JobLock(job=job, name=lock, exclusive=alone) for lock, alone in wanted)
    if job.event_type:
        publish(
            job.event_type,
            caller=caller,
            description=job.description,
            state=Event.State.SCHEDULED,
            account_uuid=job.account_uuid,
            resource=resource,
            job_uuid=job.uuid,
        )
    if (rehearsal := current()) is not None:
        rehearsal.jobs.append(job)
    ring_on_commit(job.pk, queue)
    return job
