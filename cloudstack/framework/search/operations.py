"""Migration operations for text indexes on tables that may be large."""

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations.base import Operation, OperationCategory

from cloudstack.framework.search.indexes import BeginsIndex, ContainsIndex

TextIndex = BeginsIndex | ContainsIndex


class AddTextIndexes(Operation):
    """Many ``AddIndex`` at once, which do not keep others from writing while PostgreSQL builds them.

    For migrations with ``atomic = False``; inside a transaction they are plain. At once, because after each operation
    Django makes all models anew that are related to the one it changed, which here are nearly all there are.
    """

    category = OperationCategory.ADDITION

    def __init__(self, indexes: Sequence[tuple[str, TextIndex]]):
        self.indexes = list(indexes)
        """Names of models, and what each gets."""

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"indexes": self.indexes}

    def state_forwards(self, app_label: str, state: Any) -> None:
        changed = set()
        for model_name, index in self.indexes:
            key = (app_label, model_name.lower())
            options = state.models[key].options
            options["indexes"] = [*options["indexes"], index]
            changed.add(key)
        state.reload_models(changed, delay=True)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        connection = schema_editor.connection
        quietly = connection.vendor == "postgresql" and not connection.in_atomic_block
        options = {"concurrently": True} if quietly else {}
        for model_name, index in self.indexes:
            model = to_state.apps.get_model(app_label, model_name)
            if self.allow_migrate_model(connection.alias, model):
                schema_editor.add_index(model, index, **options)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model_name, index in reversed(self.indexes):
            model = from_state.apps.get_model(app_label, model_name)
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.remove_index(model, index)

    def describe(self) -> str:
        return f"Add {len(self.indexes)} text indexes"
