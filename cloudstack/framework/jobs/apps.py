"""The Django app of the job engine."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "cloudstack.framework.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from cloudstack.framework.jobs import metrics, retention, sweep, tasks  # noqa: F401 - registers tasks and periodic work
