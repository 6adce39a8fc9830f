"""The Django app of the scheduler."""

from django.apps import AppConfig


class SchedulerConfig(AppConfig):
    name = "cloudstack.framework.scheduler"
    label = "scheduler"
    verbose_name = "Scheduler"

    def ready(self) -> None:
        from cloudstack.framework.scheduler import metrics, tasks  # noqa: F401 - registers the task and figures
