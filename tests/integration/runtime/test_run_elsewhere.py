"""bin/run with a PostgreSQL and a Redis of the operator's."""

from pathlib import Path

import psycopg
import pytest

from cloudstack.runtime import processes
from cloudstack.runtime.postgres import PostgresMissing, private_postgres, programs
from cloudstack.runtime.valkey import private_valkey
from tests.integration.runtime.installation import Installation, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("run"), pytest.mark.timeout(600)]


def test_database_url_and_redis_url_are_used(tmp_path: Path) -> None:
    import dj_database_url

    try:
        programs()
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    with private_postgres(tmp_path / "pg") as database, private_valkey(tmp_path / "redis") as broker:
        installation = Installation(tmp_path / "data", DATABASE_URL=database, REDIS_URL=broker)
        try:
            installation.start()
            assert installation.healthy() and installation.worker_answers()
            assert not (installation.data / "db.sqlite3").exists()
            assert installation.pids("valkey") == []
            entry = dj_database_url.parse(database)
            with psycopg.connect(host=entry["HOST"], user=entry["USER"], dbname=entry["NAME"]) as connection:
                row = connection.execute("SELECT count(*) FROM django_migrations").fetchone()
            assert row is not None and row[0] > 10
            installation.stop()
            wait_for(lambda: processes.marked(installation.data) == [], 5, "nothing is left")
        finally:
            installation.destroy()
