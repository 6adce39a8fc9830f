"""Makes the extension before tables are, and warns where it is missing."""

from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db import DatabaseError, connections
from django.db.models.signals import post_migrate, pre_migrate

from cloudstack.framework.search import trigrams


class SearchConfig(AppConfig):
    name = "cloudstack.framework.search"
    label = "cloudstack_search"

    def ready(self) -> None:
        # Sent for each app that has models; one of them is enough.
        pre_migrate.connect(_prepare, sender=apps.get_app_config("contenttypes"))
        post_migrate.connect(_look_again, sender=apps.get_app_config("contenttypes"))
        checks.register(_check, checks.Tags.database)


def _prepare(*, using: str, plan: Any = (), **kwargs: Any) -> None:
    trigrams.bring_trigrams(using)


def _look_again(*, using: str, **kwargs: Any) -> None:
    from cloudstack.framework.search.statistics import gather_statistics

    trigrams.forget()
    gather_statistics(using)


def _check(*, databases: Any = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """``manage.py check --database default``, and every ``migrate``."""
    found: list[checks.CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        try:
            if connection.vendor == "postgresql" and not trigrams.has_trigrams(connection):
                found.append(checks.Warning(trigrams.MISSING, id="cloudstack.W020"))
        except DatabaseError:
            # That it cannot be reached, others say better.
            continue
    return found
