"""Calls of REST in tests, and the form that its errors have."""

from types import SimpleNamespace
from typing import Any

import orjson
from django.test import Client

from apps.accounts.factories import ApiTokenFactory

BASE = "/api/v1"


class Rest:
    def __init__(self, person: SimpleNamespace):
        self.http = Client(raise_request_exception=False)
        ApiTokenFactory(user=person.user, text=(token := f"cst_{person.user.uuid}"))
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, where: str, body: Any = None, **query: Any):
        options: dict[str, Any] = {"headers": self.headers}
        if body is not None:
            options |= {"data": orjson.dumps(body), "content_type": "application/json"}
        elif query:
            options["query_params"] = query
        response = getattr(self.http, method)(BASE + where, **options)
        response.body = orjson.loads(response.content) if response.content else None
        return response


def problem(response, status: int) -> dict:
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = orjson.loads(response.content)
    assert body["status"] == status
    assert body["type"].startswith("urn:cloudstack:problem:")
    assert body["requestid"] == response["X-Request-Id"]
    return body
