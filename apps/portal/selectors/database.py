"""What the database says of itself."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.utils import timezone


@dataclass(frozen=True)
class DatabaseFacts:
    """As far as this kind of database knows it; None where it does not."""

    collected: datetime
    hostname: str
    version: str
    comment: str
    connections: int | None = None
    uptime_s: int | None = None
    replicas: list[str] = field(default_factory=list)
    tls: str | None = None


_POSTGRES = """
SELECT current_setting('server_version'), version(), current_setting('ssl'),
       current_setting('ssl_min_protocol_version'),
       (SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL),
       extract(epoch FROM now() - pg_postmaster_start_time())::bigint,
       (SELECT coalesce(array_agg(coalesce(client_hostname, host(client_addr), 'local')), '{}')
          FROM pg_stat_replication)
"""


def database_facts() -> DatabaseFacts:
    """Asked of the database in one statement."""
    where = connection.settings_dict
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRES)
            version, comment, ssl, protocol, connections, uptime, replicas = cursor.fetchone()
            return DatabaseFacts(
                collected=timezone.now(),
                hostname=str(where.get("HOST") or "localhost"),
                version=version,
                comment=comment,
                connections=connections,
                uptime_s=uptime,
                replicas=list(replicas),
                tls=f"{protocol} and newer" if ssl == "on" else "none",
            )
        cursor.execute("SELECT sqlite_version()")
        return DatabaseFacts(
            collected=timezone.now(), hostname="localhost", version=cursor.fetchone()[0], comment="SQLite, a file"
        )
