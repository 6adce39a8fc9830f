"""The Django app of the alerts."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "cloudstack.framework.alerts"
    label = "alerts"
    verbose_name = "Alerts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cloudstack.framework.alerts import retention  # noqa: F401 - registers periodic work
