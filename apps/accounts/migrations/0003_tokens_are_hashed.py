"""Tokens that stood in clear in the table of another app are taken over as hashes, and that table goes."""

import hashlib

from django.db import migrations

OLD = "authtoken_token"


def take_over(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if OLD not in connection.introspection.table_names(cursor):
            return
        cursor.execute(f"SELECT key, user_id FROM {OLD}")  # noqa: S608 - a constant
        rows = cursor.fetchall()
    tokens = apps.get_model("accounts", "ApiToken")
    for key, user_id in rows:
        tokens.objects.get_or_create(
            token_hash=hashlib.sha256(key.encode()).hexdigest(),
            defaults={"user_id": user_id, "name": "token of before", "hint": key[:4]},
        )
    schema_editor.execute(f"DROP TABLE {OLD}")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_keys_and_tokens")]

    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
