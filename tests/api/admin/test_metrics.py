"""Figures for Prometheus are not for everybody."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.factories import PASSWORD, UserFactory
from tests.support.cloud import SimulatedCloud

TOKEN = "a-token-of-the-tests"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("configured", "headers", "status"),
    [
        ("", {}, 401),
        ("", {"Authorization": "Bearer "}, 401),
        (TOKEN, {}, 401),
        (TOKEN, {"Authorization": "Bearer wrong"}, 401),
        (TOKEN, {"Authorization": TOKEN}, 401),
        (TOKEN, {"Authorization": f"Basic {TOKEN}"}, 401),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, {"Authorization": f"bearer {TOKEN}"}, 200),
    ],
)
def test_a_token_opens(settings: Any, configured: str, headers: dict[str, str], status: int) -> None:
    settings.METRICS_TOKEN = configured
    answer = Client().get("/metrics", headers=headers)
    assert answer.status_code == status
    assert (b"django_http_requests" in answer.content) is (status == 200)
    assert TOKEN.encode() not in answer.content


def test_a_staff_session_opens(operator: Client) -> None:
    answer = operator.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert b"django_http_requests_before_middlewares_total" in answer.content
    assert operator.post("/metrics").status_code == 405


def test_another_session_does_not(cloud: SimulatedCloud) -> None:
    UserFactory(username="someone", account=cloud.account)
    client = Client()
    assert client.login(username=f"someone@{cloud.account.domain.path}", password=PASSWORD)
    assert client.get("/metrics").status_code == 401
