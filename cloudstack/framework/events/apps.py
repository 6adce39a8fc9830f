"""The Django app of the event bus."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "cloudstack.framework.events"
    label = "events"
    verbose_name = "Events"

    def ready(self) -> None:
        from cloudstack.framework.events import retention  # noqa: F401 - registers periodic work
