"""Migration operations for text indexes on tables that may be large."""

from typing import Any

from django.db.migrations.operations import AddIndex


class AddTextIndex(AddIndex):
    """``AddIndex`` that does not keep others from writing while PostgreSQL builds it.

    For migrations with ``atomic = False``; inside a transaction it is a plain ``AddIndex``.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(connection.alias, model):
            return
        if connection.vendor == "postgresql" and not connection.in_atomic_block:
            schema_editor.add_index(model, self.index, concurrently=True)
        else:
            schema_editor.add_index(model, self.index)

    def describe(self) -> str:
        return f"Add the text index {self.index.name} to {self.model_name}"
