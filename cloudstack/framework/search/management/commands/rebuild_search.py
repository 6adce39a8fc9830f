"""``manage.py rebuild_search``: make the indexes that search uses anew, as this database can have them now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from cloudstack.framework.search import trigrams
from cloudstack.framework.search.indexes import ContainsIndex
from cloudstack.framework.search.statistics import gather_statistics, text_indexes_of


class Command(BaseCommand):
    """For a database that got the extension pg_trgm after its tables. Nobody has to wait meanwhile."""

    help = "Makes the indexes for text inside names anew, after a superuser has run CREATE EXTENSION pg_trgm."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS)

    def handle(self, *args: Any, database: str, **options: Any) -> None:
        connection = connections[database]
        if connection.vendor != "postgresql":
            self.stdout.write("Nothing to do: only PostgreSQL has such indexes.")
            return
        if not trigrams.bring_trigrams(database):
            raise CommandError(trigrams.MISSING)
        made = 0
        editor: Any
        with connection.schema_editor(atomic=False) as editor:
            for model, index in text_indexes_of(ContainsIndex):
                editor.remove_index(model, index, concurrently=True)
                editor.add_index(model, index, concurrently=True)
                made += 1
        gather_statistics(database)
        trigrams.forget()
        self.stdout.write(self.style.SUCCESS(f"{made} indexes made."))
