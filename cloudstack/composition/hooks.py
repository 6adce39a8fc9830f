"""The platform's own hooks: what is wrong with an installation, told like a plugin's checks."""

import time

from cloudstack.framework.doctor import DoctorCheck, Finding
from cloudstack.framework.plugins.markers import hookimpl

MOST_SKEW_S = 2.0
SWEEP = "jobs.sweep"
LATE_S = 300.0


@hookimpl
def register_doctor_checks():  # type: ignore[no-untyped-def]  # as plugins write it
    return [
        DoctorCheck("database", _database),
        DoctorCheck("migrations", _migrations),
        DoctorCheck("cache", _cache),
        DoctorCheck("broker", _broker),
        DoctorCheck("workers", _workers),
        DoctorCheck("schedule", _schedule),
        DoctorCheck("clock", _clock),
        DoctorCheck("plugins", _plugins),
    ]


def _database() -> Finding:
    from django.db import connection

    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(True, f"{connection.display_name} answers in {(time.perf_counter() - begun) * 1000:.1f} ms")


def _migrations() -> Finding:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        named = ", ".join(f"{one.app_label} {one.name}" for one, _ in missing[:3])
        return Finding(False, f"{len(missing)} migrations are not applied: {named}", "manage.py migrate, or bin/run")
    return Finding(True, "all are applied")


def _cache() -> Finding:
    from django.core.cache import cache

    cache.set("doctor", "well", 10)
    if cache.get("doctor") != "well":
        return Finding(False, "it does not keep what it is given", "look at the server behind REDIS_URL")
    return Finding(True, "it keeps what it is given")


def _broker() -> Finding:
    from cloudstack.celery import app

    with app.connection_for_read() as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        return Finding(True, f"{connection.transport_cls} answers")


def _workers() -> Finding:
    from cloudstack.celery import app

    found = [name for reply in app.control.ping(timeout=2) or () for name in reply if name.startswith("worker@")]
    if not found:
        return Finding(False, "no worker answers: jobs wait", "start bin/run; its worker.log says why one ended")
    return Finding(True, f"{', '.join(sorted(found))}")


def _schedule() -> Finding:
    from django.utils import timezone

    from cloudstack.framework.scheduler.models import ScheduledRun

    last = ScheduledRun.objects.filter(name=SWEEP).values_list("finished", flat=True).first()
    if last is None:
        return Finding(False, "no periodic job has ever run", "start bin/run: beat and a worker carry them")
    age_s = (timezone.now() - last).total_seconds()
    if age_s > LATE_S:
        return Finding(False, f"{SWEEP} ran {age_s / 60:.0f} min ago", "look at beat.log and worker.log")
    return Finding(True, f"{SWEEP} ran {age_s:.0f} s ago")


def _clock() -> Finding:
    from django.db import connection

    if connection.vendor != "postgresql":
        return Finding(True, "the database is on this machine")
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        skew_s = abs(float(cursor.fetchone()[0]) - time.time())
    if skew_s > MOST_SKEW_S:
        return Finding(False, f"{skew_s:.1f} s from the database's", "have both machines keep time by NTP")
    return Finding(True, f"{skew_s * 1000:.0f} ms from the database's")


def _plugins() -> list[Finding]:
    from cloudstack.framework.plugins.manager import pm
    from cloudstack.framework.plugins.manifest import Fault
    from cloudstack.framework.plugins.required import missing_settings

    found = []
    for status in sorted(pm.statuses.values(), key=lambda status: status.name):
        if status.enabled:
            if missing := missing_settings(status.name):
                found.append(
                    Finding(False, f"{status.name} needs settings: {', '.join(missing)}", "set them in the admin")
                )
        elif status.fault is not Fault.DISABLED:
            found.append(Finding(False, f"{status.name} is not loaded: {status.error}", "mend, remove or disable it"))
    return found or [Finding(True, f"{sum(one.enabled for one in pm.statuses.values())} in service")]
