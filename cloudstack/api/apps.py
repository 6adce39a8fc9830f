"""The Django app of the API layer."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Imports the commands that belong to the API itself."""

    name = "cloudstack.api"
    label = "cloudstack_api"
    verbose_name = "API"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cloudstack.api import discovery, idempotency, jobs, session  # noqa: F401
