"""SQLite as the embedded default, PostgreSQL by ``DATABASE_URL``."""

import os
from pathlib import Path
from typing import Any

import dj_database_url

SQLITE_OPTIONS: dict[str, Any] = {
    # Writers queue up at BEGIN instead of failing half-way through a transaction.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
}


POSTGRESQL_OPTIONS: dict[str, Any] = {
    # A list joins ten small tables to its page, in the order that the ORM writes: finding the best of all orders takes
    # the server longer than the list. Joins that narrow come first and are still planned together. Compiling
    # statements that take milliseconds does not pay either.
    "options": "-c join_collapse_limit=4 -c jit=off",
}


def database_from_environment(data_dir: Path) -> dict[str, Any]:
    """The ``DATABASES['default']`` entry that ``DATABASE_URL`` asks for."""
    url = os.environ.get("DATABASE_URL") or f"sqlite:///{data_dir / 'db.sqlite3'}"
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=False))
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"] = {**config.get("OPTIONS", {}), **SQLITE_OPTIONS}
    elif "postgresql" in config["ENGINE"]:
        config["OPTIONS"] = {**POSTGRESQL_OPTIONS, **config.get("OPTIONS", {})}
    return config
