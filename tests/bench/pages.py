"""Pages among 100,000 machines: the server's part of the time until something is seen, and the statements of each."""

from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.bench.figures import Figure, milliseconds, percentile

AIM_MS = 300
"""Leaves most of a second to the network and the browser."""
TIMES = 7
MOST_STATEMENTS = 40


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
    found["machine, what can be done"] = f"{found['machine']}?part=bar"
    found["new machine"] = reverse("portal:instances-create", args=["deployvirtualmachine"])
    return found


def pages(users: dict[str, int]) -> Iterator[list[Figure]]:
    """Time of each page for the users with these keys."""
    from apps.accounts.models import User

    settings.ALLOWED_HOSTS = ["*"]
    for who, user in users.items():
        client = Client()
        client.force_login(User.objects.get(pk=user), backend="apps.accounts.backends.DomainUserBackend")
        for name, path in addresses(user).items():
            taken = milliseconds(lambda client=client, path=path: client.get(path), times=TIMES)
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(path)
            wrong = answer.status_code != 200 or len(captured) > MOST_STATEMENTS
            note = f"p50 {percentile(taken, 50):.0f} ms; {len(captured)} statements; {len(answer.content) // 1024} KiB"
            note += f": {answer.status_code} OR TOO MANY" if wrong else ""
            yield [Figure(f"page {name}, {who}", percentile(taken, 95), "ms p95", aim=AIM_MS, note=note, broken=wrong)]
