"""Pages among 100,000 machines: the server's part of the time until something is seen, and the statements of each."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.bench.figures import Figure, milliseconds, percentile
from tests.bench.paint import paint

AIM_MS = 300
"""Leaves most of a second to the network and the browser."""
TIMES = 7
MOST_STATEMENTS = 40
BAR = "machine, what can be done"
"""Comes after its page: it rehearses each operation of the machine to tell why one is refused."""
BAR_AIM_MS, BAR_MOST_STATEMENTS = 1000, 400


def addresses(user: int) -> dict[str, str]:
    """What is looked at: the lists, the form of a new machine, and the page of one machine that the user sees."""
    from apps.accounts.selectors import caller_by_user
    from apps.compute.selectors.virtual_machines import vms_visible_to
    from cloudstack.pages import registry

    caller = caller_by_user(user_id=user)
    if caller is None:
        raise RuntimeError(f"user {user} may not act")
    machine = vms_visible_to(caller=caller).order_by("pk").first()
    if machine is None:
        raise RuntimeError(f"user {user} sees no machine")
    found = {"home": reverse("portal:home"), "jobs": reverse("portal:jobs")}
    for section in registry.sections():
        found[section.slug] = reverse(f"portal:{section.slug}-list")
    found["machine"] = reverse("portal:instances-object", args=[machine.uuid])
    found[BAR] = f"{found['machine']}?part=bar"
    found["new machine"] = reverse("portal:instances-create", args=["deployvirtualmachine"])
    return found


def operators_addresses() -> dict[str, str]:
    """What an operator looks at most."""
    from apps.compute.models import VirtualMachine
    from apps.infrastructure.models import Host

    machine, host = VirtualMachine.objects.order_by("pk").first(), Host.objects.order_by("pk").first()
    if machine is None or host is None:
        raise RuntimeError("there is no machine or no host")
    return {
        "overview": "/admin/",
        "machines": "/admin/compute/virtualmachine/",
        "machine": f"/admin/compute/virtualmachine/{machine.pk}/change/",
        "host": f"/admin/infrastructure/host/{host.pk}/change/",
        "jobs": "/admin/jobs/asyncjob/",
        "search": "/admin/search/?q=vm-1234",
    }


def visits(users: dict[str, int]) -> dict[str, tuple[Client, dict[str, str]]]:
    """Who looks → his signed-in client and the addresses of his pages."""
    from apps.accounts.models import User

    found = {}
    for who, user in users.items():
        client = Client()
        client.force_login(User.objects.get(pk=user), backend="apps.accounts.backends.DomainUserBackend")
        found[who] = client, addresses(user)
        if who == "root admin":
            found["operator"] = client, operators_addresses()
    return found


def pages(folder: Path, users: dict[str, int]) -> Iterator[list[Figure]]:
    """Time of each page for the users with these keys, then what Chromium makes of it."""
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", verbosity=0, interactive=False)
    chosen = visits(users)
    yield from _answered(chosen)
    yield from paint(folder, {who: chosen[who] for who in ("operator", "tenant")})


def _answered(chosen: dict[str, tuple[Client, dict[str, str]]]) -> Iterator[list[Figure]]:
    for who, (client, paths) in chosen.items():
        for name, path in paths.items():
            taken = milliseconds(lambda client=client, path=path: client.get(path), times=TIMES)
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(path)
            most = BAR_MOST_STATEMENTS if name == BAR else MOST_STATEMENTS
            wrong = answer.status_code != 200 or len(captured) > most
            size = len(answer.content) // 1024
            note = f"p50 {percentile(taken, 50):.0f} ms; {len(captured)} statements; {size} KiB"
            aim = BAR_AIM_MS if name == BAR else AIM_MS
            note += f": {answer.status_code} OR TOO MANY" if wrong else ""
            yield [Figure(f"page {name}, {who}", percentile(taken, 95), "ms p95", aim=aim, note=note, broken=wrong)]
