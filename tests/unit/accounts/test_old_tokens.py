"""Tokens that stood in clear go on to work, as hashes."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from apps.accounts.factories import UserFactory
from apps.accounts.selectors import caller_by_token
from apps.accounts.services.tokens import hash_of

migration = import_module("apps.accounts.migrations.0003_tokens_are_hashed")


def execute(sql: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)


@pytest.mark.django_db
def test_they_are_taken_over_and_their_table_goes() -> None:
    editor = SimpleNamespace(connection=connection, execute=execute)
    migration.take_over(apps, editor)
    user = UserFactory()
    execute("CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, user_id bigint)")
    execute("INSERT INTO authtoken_token VALUES (%s, %s)", "0123456789abcdef", user.pk)
    migration.take_over(apps, editor)
    found = caller_by_token(token_hash=hash_of("0123456789abcdef"))
    assert found is not None
    assert found[0].user_id == user.pk
    assert "authtoken_token" not in connection.introspection.table_names()
