"""What the portal shows to somebody whom it does not know."""

import pytest
from django.test import Client

OPEN = {"/healthz": 200, "/admin/login/": 200}
SHUT = ("/api/v1/", "/api/v1/schema", "/api/v1/docs", "/api/v1/redoc", "/api/v1/zones", "/client/api?command=listZones")


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "status"), OPEN.items())
def test_open_doors(path: str, status: int) -> None:
    assert Client().get(path).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("path", SHUT)
def test_shut_doors(path: str) -> None:
    """The description of the API costs a second of work and names the plugins: only for those it knows."""
    assert Client().get(path).status_code in (401, 403)
