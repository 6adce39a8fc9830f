"""Jobs on projects. What is done in the request itself has one too: clients wait for it, events are told by it."""

from typing import Any

from apps.accounts.models import Project
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob, dispatch


def done(caller: Caller, project: Project, event_type: str, description: str, *, for_caller: bool = False) -> AsyncJob:
    """A job that has nothing left to do."""
    return submit("accounts.project.changed", caller, project, event_type, description, for_caller=for_caller)


def submit(
    workflow: str,
    caller: Caller,
    project: Project,
    event_type: str,
    description: str,
    *,
    for_caller: bool = False,
    **arguments: Any,
) -> AsyncJob:
    """A job that members of the project see; ``for_caller``: his account, because he is in it no more or not yet."""
    return dispatch(
        workflow,
        caller=caller,
        exclusive=[f"project:{project.uuid}"],
        resource=project,
        account_uuid=caller.account_uuid if for_caller else None,
        arguments={"project_uuid": str(project.uuid), **arguments},
        description=description,
        event_type=event_type,
    )
