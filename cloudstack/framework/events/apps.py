"""The Django app of the event bus."""

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "cloudstack.framework.events"
    label = "events"
    verbose_name = "Events"
