"""Workflows and periodic jobs of plugins."""

from cloudstack.framework.jobs import AsyncJob, JobContext, RetryLater, Step, Workflow, dispatch, workflow
from cloudstack.framework.scheduler import ScheduledJob, scheduled

__all__ = [
    "AsyncJob",
    "JobContext",
    "RetryLater",
    "ScheduledJob",
    "Step",
    "Workflow",
    "dispatch",
    "scheduled",
    "workflow",
]
