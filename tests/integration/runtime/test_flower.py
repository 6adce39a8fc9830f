"""Flower behind the portal: a real one, on a real broker with a real worker."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory, root_caller
from apps.accounts.models import Account
from apps.portal.pages.flower import INLINE
from cloudstack.framework.context import RoleType
from cloudstack.runtime.programs import FLOWER_PREFIX
from tests.support import flower

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

HOME = f"{FLOWER_PREFIX}/"


@pytest.fixture
def operator(transactional_db: None) -> Client:
    UserFactory(username="operator", account=Account.objects.get(pk=root_caller().account_id))
    client = Client()
    assert client.login(username="operator", password=PASSWORD)
    return client


@pytest.fixture
def running(broker: str, settings: Any, tmp_path: Path) -> Iterator[str]:
    with flower.running_flower(tmp_path, broker) as url:
        settings.FLOWER_SECRET_URL = url
        yield url


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_root_admins_read_it_and_nobody_else(
    running: str, operator: Client, celery_worker_processes: Callable[..., list[Any]]
) -> None:
    assert reverse("admin:cloud_flower") == HOME
    [worker] = celery_worker_processes(1)
    page = operator.get(f"{HOME}workers?refresh=1")
    assert page.status_code == 200 and b"Jobs of the portal" in page.content and page["Cache-Control"] == "no-store"
    # The script that the policy lets through is the one that is there; all others come from files.
    assert any(f'<script type="text/javascript">{one}</script>'.encode() in page.content for one in INLINE)
    assert page.content.count(b"<script") == page.content.count(b"<script src=") + 1
    assert "unsafe-eval" not in page["Content-Security-Policy"] and "Set-Cookie" not in page
    assert not page.cookies
    seen = operator.get(f"{HOME}worker/{worker.name}")
    assert seen.status_code == 200 and worker.name.encode() in seen.content
    # It is told to change nothing, and shows no button that would.
    assert b"Shut Down" not in seen.content and b"shutdown" not in seen.content.lower()
    [script] = [one for one in page.content.decode().split('"') if "flower.js" in one]
    loaded = operator.get(script)
    assert loaded["Content-Type"].startswith("text/javascript") or "javascript" in loaded["Content-Type"]
    assert len(body(loaded)) == int(loaded["Content-Length"]) and loaded["Cache-Control"] == "private, max-age=86400"
    assert operator.get(script, headers={"if-none-match": loaded["ETag"]}).status_code == 304
    assert operator.head(f"{HOME}broker").status_code == 200
    assert b'"data"' in body(operator.get(f"{HOME}workers?json=1"))

    for path in ("", "workers", "api/workers", script.removeprefix(HOME)):
        away = Client().get(f"{HOME}{path}")
        assert away.status_code == 302 and "/admin/login/" in away["Location"], path
    narrow = RoleFactory(type=RoleType.ADMIN, name="narrow")
    user = UserFactory(username="narrow", account=AccountFactory(role=narrow))
    other = Client()
    assert other.login(username=f"narrow@{user.account.domain.name}", password=PASSWORD) or True
    assert other.get(f"{HOME}workers").status_code in (302, 403)


def test_nothing_is_changed_through_it(running: str, operator: Client) -> None:
    for path in ("api/worker/shutdown/x@y", "api/task/revoke/1", "api/task/async-apply/jobs.run", "workers"):
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = operator.cookies
        assert strict.post(f"{HOME}{path}").status_code == 403, path
        assert operator.post(f"{HOME}{path}").status_code == 405, path
    # Its table is read by POST; a stranger's POST leads nowhere.
    question = {"draw": 1, "start": 0, "length": 10, "order[0][column]": 0, "columns[0][data]": "name"}
    form = "application/x-www-form-urlencoded"
    rows = operator.post(f"{HOME}tasks/datatable", urlencode(question), content_type=form)
    assert rows.status_code == 200 and b'"recordsTotal"' in body(rows)
    assert Client().post(f"{HOME}tasks/datatable").status_code == 302
    for path in ("api/tasks", "api/task/result/1", "metrics", "login", "static/../app.py", "static/%2e%2e/x", "x"):
        assert operator.get(f"{HOME}{path}").status_code == 404, path
    # Not by its own address either: it wants its password, and with that it still only shows.
    port = urlsplit(running).port
    own = f"http://127.0.0.1:{port}{FLOWER_PREFIX}/api/worker/shutdown/x@y"
    assert flower.asked(own, method="POST") == 401
    known = base64.b64encode(f"admin:{flower.PASSWORD}".encode()).decode()
    assert flower.asked(own, method="POST", Authorization=f"Basic {known}") == 403


def test_without_it_the_page_says_how_to_start_it(operator: Client, settings: Any) -> None:
    settings.FLOWER_SECRET_URL = ""
    page = operator.get(HOME)
    assert page.status_code == 503 and b"no Flower is known to the portal" in page.content
    assert b"bin/run" in page.content and b"--read_only=True" in page.content
    settings.FLOWER_SECRET_URL = "http://admin:open-sesame@127.0.0.1:1"
    page = operator.get(f"{HOME}tasks")
    assert page.status_code == 503 and b"nobody answers on 127.0.0.1 port 1" in page.content
    assert b"sesame" not in page.content
