"""Periodic jobs on Celery beat. Declare them with ``scheduled``."""

from cloudstack.framework.scheduler.registry import ScheduledJob, scheduled

__all__ = ["ScheduledJob", "scheduled"]
