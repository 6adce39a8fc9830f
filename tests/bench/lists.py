"""The hot lists at 100,000 rows each, beside the bare statements of the same page."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloudstack.testing.api import ApiClient
from tests.bench.figures import Figure, milliseconds, percentile
from tests.bench.rows import Holding
from tests.support.cloud import SimulatedCloud

PAGE = 500
TIMES = 20
AIM_MS = 50


@dataclass(frozen=True)
class HotList:
    """One list command, and the questions that it is asked beside those that all are asked."""

    command: str
    most_statements: int
    """The signature's included; ``after`` and a zone are looked up besides. One more is a regression."""
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: str = "id"
    """The field that ``after`` takes."""


def hot_lists(holding: Holding) -> list[HotList]:
    """``name``, ``keyword`` and the rest find a few rows, or one of a hundred."""
    middle = holding.rows // 2
    zone, tag = {"zoneid": holding.zone.uuid}, {"tags": {"key": "stage", "value": "production"}}
    return [
        HotList("listVirtualMachines", 5, {
            "name": {"name": f"vm-{middle}"}, "keyword": {"keyword": f"vm-{middle}"}, "state": {"state": "Running"},
            "zone": zone, "tag": tag,
        }),
        HotList("listVolumes", 3, {
            "name": {"name": f"ROOT-{middle}"}, "keyword": {"keyword": f"OOT-{middle}"}, "state": {"state": "Destroy"},
            "zone": zone, "tag": tag,
        }),
        HotList("listEvents", 2, {
            "type": {"type": "VM.STOP"}, "keyword": {"keyword": f"vm-{middle}"}, "state": {"state": "Started"},
        }),
        HotList("listAsyncJobs", 10, {"keyword": {"keyword": "stopVirtual"}}, key="jobid"),
        HotList("listAccounts", 6, {
            "name": {"name": f"a{middle}"}, "keyword": {"keyword": f"a{middle}"}, "state": {"state": "locked"},
        }),
        HotList("listNetworks", 4, {"name": {"name": f"net-{middle}"}, "keyword": {"keyword": f"net-{middle}"},
                "zone": zone, "tag": tag}),
    ]  # fmt: skip


def pages(cloud: SimulatedCloud, holding: Holding) -> Iterator[list[Figure]]:
    """Server time as the root admin (first, late and filtered pages), an admin of a domain, and a tenant."""
    late = max(1, holding.rows // PAGE * 9 // 10)
    page = {"page": 1, "pagesize": PAGE}
    for hot in hot_lists(holding):
        everything = {"listall": True, **page}
        last_seen = _last_of(cloud.admin, hot, {"listall": True, "page": late - 1, "pagesize": PAGE})
        yield [*_measured(hot, "root admin, first page", cloud.admin, everything)]
        yield [*_measured(hot, "root admin, one row and the count", cloud.admin, {**everything, "pagesize": 1})]
        yield [*_measured(hot, f"root admin, page {late}", cloud.admin, {**everything, "page": late})]
        behind = {"listall": True, "pagesize": PAGE, "after": last_seen}
        yield [*_measured(hot, "root admin, the same by after", cloud.admin, behind)]
        for name, params in hot.filters.items():
            yield [*_measured(hot, f"root admin, by {name}", cloud.admin, {**everything, **params})]
        yield [*_measured(hot, "domain admin, first page", holding.domain_admin, everything)]
        yield [*_measured(hot, "tenant, his own", holding.tenant, page)]


def _last_of(client: ApiClient, hot: HotList, params: dict[str, Any]) -> str:
    return str(client.items(hot.command, **params)[-1][hot.key])


def _statements(call: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        call()
    return [query["sql"] for query in captured.captured_queries]


def _measured(hot: HotList, who: str, client: ApiClient, params: dict[str, Any]) -> Iterable[Figure]:
    def call() -> bytes:
        response = client.send(hot.command, **params)
        if response.status_code != 200:
            raise RuntimeError(f"{hot.command}, {who}: {response.content[:300]!r}")
        return bytes(response.content)

    body = next(iter(orjson.loads(call()).values()))
    # Settings are read anew every few seconds: the call that did not is the one to compare with.
    statements = min((_statements(call) for _ in range(3)), key=len)

    def bare() -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                cursor.fetchall()

    taken = milliseconds(call, times=TIMES)
    floor = milliseconds(bare, times=TIMES)
    shown = next((len(value) for value in body.values() if isinstance(value, list)), 0)
    if not shown:
        raise RuntimeError(f"{hot.command}, {who}: nothing is listed, which measures nothing")
    most = hot.most_statements + sum(name in params for name in ("after", "zoneid"))
    many = len(statements) > most
    note = f"p50 {percentile(taken, 50):.1f} over {percentile(floor, 50):.1f} ms; {shown} of {body['count']} rows; "
    note += f"{len(statements)} statements" + (f", {most} at most: TOO MANY" if many else "")
    yield Figure(f"{hot.command}, {who}", percentile(taken, 95), "ms p95", percentile(floor, 95), "its bare SQL",
                 aim=AIM_MS, note=note, broken=many)  # fmt: skip
