"""``bin/bench prometheus``: what a worker takes to read the figures of the cloud, and a scrape to fetch them."""

import gzip
import resource
import time
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.compute.models import MachineUsage, VirtualMachine
from cloudstack.framework.metrics.registry import collectors
from cloudstack.testing.api import ApiClient
from plugins.metrics.prometheus import sampling
from tests.bench.figures import Figure, milliseconds, percentile
from tests.support.cloud import SimulatedCloud

SCRAPE_AIM_MS = 500
TOKEN = "a-token-of-the-benchmark"


def figures(cloud: SimulatedCloud, rows: int) -> Iterator[list[Figure]]:
    """As the operator's bound is from the start, and with a series for every machine, volume and card."""
    VirtualMachine.objects.update(state="Running")
    _usage()
    _set(cloud.admin, "prometheus.exporter.token", TOKEN)
    for most in (10_000, rows):
        _set(cloud.admin, "prometheus.exporter.series.max", most)
        yield from _with(f"{most:,} series of a name")


def _with(bound: str) -> Iterator[list[Figure]]:
    begun = time.perf_counter()
    readings = [sampling.read(collector) for collector in collectors()]
    seconds = time.perf_counter() - begun
    failed = ", ".join(f"{one.collector}: {one.error}" for one in readings if one.error)
    slowest = max(readings, key=lambda one: one.seconds)
    series = sum(sum(one.series.values()) for one in readings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield [
        Figure(f"figures read by a worker, {bound}", seconds, "s", aim=30, broken=bool(failed),
               note=failed or f"{series:,} series; {slowest.collector}: {slowest.seconds:.1f} s; {peak:.0f} MiB"),
    ]  # fmt: skip
    client = Client()
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept-Encoding": "gzip"}
    body = client.get("/metrics/cloud", headers=headers).getvalue()
    with CaptureQueriesContext(connection) as statements:
        client.get("/metrics/cloud", headers=headers).getvalue()
    taken = milliseconds(lambda: client.get("/metrics/cloud", headers=headers).getvalue(), times=5)
    size = len(gzip.decompress(body)) / 1e6
    note = f"{len(body) / 1e6:.1f} MB packed, {size:.1f} MB of text, {len(statements)} statements"
    yield [Figure(f"scrape of the cloud, {bound}", percentile(taken, 50), "ms p50", aim=SCRAPE_AIM_MS, note=note)]


def _usage() -> None:
    columns = [field.column for field in MachineUsage._meta.concrete_fields if field.column not in ("vm_id", "taken")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO compute_machineusage (vm_id, taken, {', '.join(columns)})"
            f" SELECT id, now(), {', '.join('1000000 + id' for _ in columns)} FROM compute_virtualmachine"
            " ON CONFLICT DO NOTHING"
        )
        cursor.execute("VACUUM ANALYZE")


def _set(admin: ApiClient, name: str, value: object) -> None:
    admin.call("updateConfiguration", name=name, value=value)
