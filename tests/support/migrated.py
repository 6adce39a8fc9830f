"""A database with all tables in it: migrated once in a run of bin/test, then copied by each process of tests."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from cloudstack.runtime.test_environment import MIGRATED_VARIABLE


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_use_migrations: bool) -> Iterator[None]:
    """In bin/test each process copies what one of them has migrated; otherwise the fixture of pytest-django does it."""
    folder = folder_for_copies()
    if folder is None or not django_db_use_migrations:
        yield request.getfixturevalue("django_db_setup")
        return
    request.getfixturevalue("django_test_environment")
    blocker = request.getfixturevalue("django_db_blocker")
    with ExitStack() as stack:
        with blocker.unblock():
            stack.enter_context(copied_database(folder, os.environ.get("PYTEST_XDIST_WORKER", "main")))
        yield
        with blocker.unblock():
            stack.close()


def folder_for_copies() -> Path | None:
    """Where the run keeps its migrated database; None when every process is to migrate one of its own."""
    named = os.environ.get(MIGRATED_VARIABLE)
    return Path(named) if named else None


@contextmanager
def copied_database(folder: Path, suffix: str) -> Iterator[None]:
    """Let the default connection use a fresh copy, whose name ends with ``suffix``; it is gone afterwards.

    Whoever comes first migrates; the others wait for it. All must be on one server of PostgreSQL or none.
    """
    connection = connections["default"]
    before, wanted = connection.settings_dict["NAME"], connection.settings_dict["TEST"]["NAME"]
    folder.mkdir(parents=True, exist_ok=True)
    copy = _sqlite_copy if connection.vendor == "sqlite" else _postgresql_copy
    with (folder / f"{connection.vendor}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        name = copy(connection, folder, suffix)
    _use(connection, name)
    connection.settings_dict["TEST"]["NAME"] = wanted
    connection.ensure_connection()
    try:
        yield
    finally:
        connection.settings_dict["TEST"]["NAME"] = name
        connection.creation.destroy_test_db(before, verbosity=0)
        connection.settings_dict["TEST"]["NAME"] = wanted


def sqlite_file(folder: Path) -> Path:
    """The migrated database; absent until a process of tests on SQLite needed one."""
    return folder / "migrated.sqlite3"


def _sqlite_copy(connection: Any, folder: Path, suffix: str) -> str:
    original, own = sqlite_file(folder), str(settings.TEST_RUN_DIR / "test.sqlite3")
    if not original.exists():
        unfinished = original.with_suffix(".new")
        _migrate(connection, str(unfinished))
        unfinished.rename(original)
    shutil.copyfile(original, own)
    return own


def _postgresql_copy(connection: Any, folder: Path, suffix: str) -> str:
    original, done = f"test_{connection.settings_dict['NAME']}_migrated", folder / "migrated.postgresql"
    own = f"test_{connection.settings_dict['NAME']}_{suffix}"
    if not done.exists():
        _migrate(connection, original)
        done.touch()
    quote = connection.ops.quote_name
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quote(own)}")
        cursor.execute(f"CREATE DATABASE {quote(own)} TEMPLATE {quote(original)}")
    return own


def _migrate(connection: Any, name: str) -> None:
    before = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    # SQLite writes what is beside the file into it, and PostgreSQL copies nothing that somebody is connected to.
    connection.close()
    _use(connection, before)


def _use(connection: Any, name: str) -> None:
    connection.close()
    settings.DATABASES[connection.alias]["NAME"] = connection.settings_dict["NAME"] = name
