"""The sign-in of the browsable API: for users who may not enter the admin."""

import pytest
from django.test import Client

from apps.accounts.factories import PASSWORD, AccountFactory, UserFactory

WHERE = "/api/v1/virtual-machines"


@pytest.mark.django_db
def test_a_tenant_signs_in_and_out() -> None:
    user = UserFactory(username="tess", account=AccountFactory())
    name = f"tess@{user.account.domain.path.strip('/')}"
    browser = Client()
    assert browser.get("/api/v1/login").status_code == 200
    wrong = browser.post("/api/v1/login", {"username": name, "password": "wrong"})
    assert wrong.status_code == 200 and browser.get(WHERE).status_code == 401
    entered = browser.post("/api/v1/login", {"username": name, "password": PASSWORD, "next": WHERE})
    assert (entered.status_code, entered["Location"]) == (302, WHERE)
    assert browser.get(WHERE).status_code == 200
    assert browser.get("/admin/").status_code == 302, "the admin is for staff"
    assert browser.post("/api/v1/logout").status_code == 302
    assert browser.get(WHERE).status_code == 401


@pytest.mark.django_db
def test_nobody_is_sent_elsewhere() -> None:
    user = UserFactory(username="tess", account=AccountFactory())
    name = f"tess@{user.account.domain.path.strip('/')}"
    entered = Client().post(
        "/api/v1/login", {"username": name, "password": PASSWORD, "next": "https://evil.example.org/"}
    )
    assert entered["Location"] == "/api/v1/"
