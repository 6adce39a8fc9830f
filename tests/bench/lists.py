"""A page of 500 machines out of 100,000 in 1,000 accounts, beside the bare statements of the same page."""

from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import default_role, root_domain
from apps.accounts.models import Account, Domain
from apps.compute.factories import MachineRows
from cloudstack.framework.context import RoleType
from cloudstack.testing.api import ApiClient
from tests.bench.figures import Figure, milliseconds, percentile
from tests.support.cloud import SimulatedCloud, client_of

PAGE = 500
TIMES = 40
MOST_STATEMENTS = 4


def fill(cloud: SimulatedCloud, *, machines: int, accounts: int) -> list[Account]:
    """``machines`` rows with a card each, spread over ``accounts`` in ten domains."""
    root, role = root_domain(), default_role(RoleType.USER)
    domains = [
        Domain.objects.create(name=f"d{number}", parent=root, path=f"/d{number}/", level=1) for number in range(10)
    ]
    groups = Group.objects.bulk_create(Group(name=f"bench:{number}") for number in range(accounts))
    owners = Account.objects.bulk_create(
        Account(name=f"a{number}", domain=domains[number % 10], role=role, group=groups[number])
        for number in range(accounts)
    )
    MachineRows(cloud.zone, cloud.template, cloud.offering, [cloud.network]).create(owners, machines)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return owners


def pages(cloud: SimulatedCloud, owners: list[Account], machines: int) -> list[Figure]:
    """Server time as the root admin (first and last page) and as a user who has his share of the machines."""
    user = client_of(owners[7])
    last = machines // PAGE
    figures = []
    for who, client, params in (
        ("root admin, first page", cloud.admin, {"listall": True, "page": 1, "pagesize": PAGE}),
        ("root admin, last page", cloud.admin, {"listall": True, "page": last, "pagesize": PAGE}),
        ("user, own machines", user, {"page": 1, "pagesize": PAGE}),
    ):
        figures += _page(who, client, params)
    return figures


def _page(who: str, client: ApiClient, params: dict[str, Any]) -> list[Figure]:
    def call() -> None:
        response = client.send("listVirtualMachines", **params)
        if response.status_code != 200:
            raise RuntimeError(response.content[:300])

    call()
    with CaptureQueriesContext(connection) as captured:
        call()
    statements = [query["sql"] for query in captured.captured_queries]

    def bare() -> None:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                cursor.fetchall()

    taken = milliseconds(call, times=TIMES)
    floor = milliseconds(bare, times=TIMES)
    name = f"listVirtualMachines, {who}"
    return [
        Figure(f"{name}, p95", percentile(taken, 95), "ms", percentile(floor, 95), "its bare SQL", aim=50,
               note=f"p50 {percentile(taken, 50):.1f} ms"),
        Figure(f"{name}, statements", len(statements), "", aim=MOST_STATEMENTS),
    ]  # fmt: skip
