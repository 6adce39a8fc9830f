"""Placement over 1,000 hosts, beside the bare statement that reads them."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.infrastructure.services.bulk import simulated_zone
from apps.infrastructure.services.placement import place
from cloudstack.contracts.placement import PlacementRequest
from tests.bench.figures import Figure, milliseconds, percentile

HOSTS = 1000


def placement() -> list[Figure]:
    built = simulated_zone("bench", pods=10, clusters=50, hosts=HOSTS)
    request = PlacementRequest(
        vm_uuid="00000000-0000-4000-8000-000000000001",
        hypervisor="Simulator",
        zone_uuid=str(built.zone.uuid),
        cpus=2,
        cpu_mhz=1000,
        memory_mib=2048,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as captured:
        place(request)
    statements = [query["sql"] for query in captured.captured_queries]

    def bare() -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                cursor.fetchall()

    taken = milliseconds(lambda: place(request), times=100)
    floor = milliseconds(bare, times=100)
    return [
        Figure(f"placement over {HOSTS} hosts, p50", percentile(taken, 50), "ms", percentile(floor, 50), "its bare SQL",
               aim=10, note=f"p95 {percentile(taken, 95):.1f} ms, {len(statements)} statement"),
    ]  # fmt: skip
