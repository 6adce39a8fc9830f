"""The Django app of figures over time; the tables belong to the apps that measure."""

from django.apps import AppConfig


class RollupsConfig(AppConfig):
    name = "cloudstack.framework.rollups"
    label = "rollups"
    verbose_name = "Figures over time"

    def ready(self) -> None:
        from cloudstack.framework.rollups import config, scheduled  # noqa: F401 - registers settings and periodic work
