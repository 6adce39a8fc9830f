"""Search over all kinds among 100,000 machines: on PostgreSQL, and in a process of its own on SQLite."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.bench.figures import Figure, milliseconds, percentile

if TYPE_CHECKING:
    from tests.bench.rows import Holding

AIM_MS = 100
TIMES = 20
MOST_STATEMENTS = 4
"""Which kinds carry such a tag; all kinds; whole names where many are alike; what is shown."""


def terms(rows: int) -> dict[str, str]:
    """What is looked for; ``machine`` and ``nothing`` are the ends: all of them, and none."""
    from apps.compute.models import Nic, VirtualMachine

    middle = VirtualMachine.objects.order_by("pk")[rows // 2]
    nic = Nic.objects.get(vm=middle)
    return {
        "name": middle.name, "begin of all names": "vm-", "two letters": "vm", "text inside of names": middle.name[1:],
        "display name": middle.display_name, "text in few names": "9998", "nothing": "zzzz", "UUID": str(middle.uuid),
        "begin of a UUID": str(middle.uuid)[:8], "address": nic.ipv4, "begin of an address": nic.ipv4[:-1],
        "MAC address": nic.mac, "tag": "stage=production", "value of a tag": "production",
    }  # fmt: skip


def search(rows: int, where: str, callers: dict[str, int]) -> Iterator[list[Figure]]:
    """Time of :func:`found_for` for the users with these keys; who they are is looked up before."""
    from apps.accounts.selectors import caller_by_user
    from apps.portal.selectors.search import found_for

    for who, user in callers.items():
        caller = caller_by_user(user_id=user)
        if caller is None:
            raise RuntimeError(f"user {user} may not act")
        for what, term in terms(rows).items():
            taken = milliseconds(lambda caller=caller, term=term: found_for(caller, term), times=TIMES)
            with CaptureQueriesContext(connection) as captured:
                found = found_for(caller, term)
            many = len(captured) > MOST_STATEMENTS
            shown = sum(len(group.rows) for group in found.groups)
            note = f"p50 {percentile(taken, 50):.1f} ms; {len(captured)} statements" + (": TOO MANY" if many else "")
            note += f"; {shown} results of {len(found.groups)} kinds"
            yield [Figure(f"search on {where}, {who}, by {what}", percentile(taken, 95), "ms p95", aim=AIM_MS,
                          note=note, broken=many)]  # fmt: skip


def users_of(holding: "Holding") -> dict[str, int]:
    """Keys of the users who ask on PostgreSQL."""
    from apps.accounts.models import ApiKeyPair, User

    asked = {"domain admin": holding.domain_admin, "tenant": holding.tenant}
    keys = {who: ApiKeyPair.objects.get(api_key=client.api_key).user_id for who, client in asked.items()}
    return {"root admin": User.objects.filter(account__role__type=1, account__is_system=False)[0].pk, **keys}


def on_sqlite(folder: Path, rows: int) -> list[Figure]:
    """The same in another process, with a database of its own that holds machines alone."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"CLOUDSTACK_DATA": str(folder / "sqlite")}
    (folder / "sqlite").mkdir()
    child = subprocess.run(
        [sys.executable, "-m", "tests.bench.search", str(rows)], env=environment, check=True, stdout=subprocess.PIPE
    )
    return [Figure(**figure) for figure in json.loads(child.stdout)]


def _sqlite_main(rows: int) -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from apps.accounts.factories import AccountFactory, UserFactory
    from apps.accounts.models import User
    from apps.compute.factories import MachineRows
    from apps.compute.models import VirtualMachine
    from apps.metadata.factories import tag
    from tests.support.cloud import build_cloud

    cloud = build_cloud(hosts=4, clusters=2)
    owners = [AccountFactory(name=f"a{number}") for number in range(100)]
    MachineRows(cloud.zone, cloud.template, cloud.offering, [cloud.network]).create(owners, rows)
    for vm in VirtualMachine.objects.order_by("pk")[:1000]:
        tag(vm, "UserVm", "stage", "production")
    user = User.objects.filter(account__role__type=1, account__is_system=False)[0]
    callers = {"root admin": user.pk, "tenant": UserFactory(account=owners[7]).pk}
    figures = [asdict(figure) for measured in search(rows, "SQLite", callers) for figure in measured]
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    _sqlite_main(int(sys.argv[1]))
