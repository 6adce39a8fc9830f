"""The Django app of the machines that run the platform."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "cloudstack.framework.nodes"
    label = "nodes"
    verbose_name = "Management servers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cloudstack.framework.nodes import metrics  # noqa: F401 - registers figures
