"""Log-in by password: at the API and at the admin's form, with the same lock-out."""

from types import SimpleNamespace

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client

from apps.accounts.factories import PASSWORD, AccountFactory, DomainFactory, UserFactory
from apps.accounts.models import User
from apps.accounts.services.login import check_login
from apps.accounts.states import AccountState
from cloudstack.framework import counting
from cloudstack.framework.events.models import Event


def login(client: Client | None = None, **params):
    response = (client or Client()).post("/client/api", {"command": "login", "response": "json", **params})
    return response.status_code, response.json()["loginresponse"]


def test_a_user_logs_in_and_calls_with_the_session(tenants):
    client = Client()
    status, body = login(client, username="seller", password=PASSWORD, domain="sales")
    assert status == 200
    assert (body["userid"], body["account"], body["type"]) == (str(tenants.seller.uuid), "seller", "0")
    answer = client.get(
        "/client/api", {"command": "listUsers", "response": "json", "sessionkey": body["sessionkey"]}
    ).json()
    assert answer["listusersresponse"]["count"] == 2
    assert User.objects.get(pk=tenants.seller.pk).last_login is not None
    assert Event.objects.filter(type="USER.LOGIN", resource_uuid=tenants.seller.uuid).exists()


@pytest.mark.parametrize("domain", ["sales", "/sales", "sales/", "/sales/", "ROOT/sales"])
def test_domains_are_written_in_many_ways(tenants, domain):
    assert login(username="seller", password=PASSWORD, domain=domain)[0] == 200


def test_a_domain_may_be_named_by_its_uuid(tenants):
    assert login(username="seller", password=PASSWORD, domainId=str(tenants.sales.uuid))[0] == 200
    assert login(username="boss", password=PASSWORD)[0] == 200


@pytest.mark.parametrize(
    "params",
    [
        {"username": "seller", "password": "wrong", "domain": "sales"},
        {"username": "nobody", "password": PASSWORD, "domain": "sales"},
        {"username": "seller", "password": PASSWORD, "domain": "legal"},
        {"username": "seller", "password": PASSWORD},
        {"username": "seller", "password": PASSWORD, "domain": "no/such"},
    ],
)
def test_every_failure_sounds_the_same(tenants, params):
    status, body = login(**params)
    assert status == 531
    assert body["errortext"] == login(username="x", password="y")[1]["errortext"]


def test_too_many_failures_disable_the_user(tenants):
    for _ in range(5):
        assert login(username="seller", password="wrong", domain="sales")[0] == 531
    user = User.objects.get(pk=tenants.seller.pk)
    assert (user.state, user.incorrect_logins) == (AccountState.DISABLED, 5)
    assert login(username="seller", password=PASSWORD, domain="sales")[0] == 531
    assert Event.objects.filter(type="USER.DISABLE", resource_uuid=user.uuid).count() == 1


def test_a_success_forgives_and_so_does_enabling(root, tenants):
    for _ in range(4):
        login(username="seller", password="wrong", domain="sales")
    assert login(username="seller", password=PASSWORD, domain="sales")[0] == 200
    assert User.objects.get(pk=tenants.seller.pk).incorrect_logins == 0
    for _ in range(5):
        login(username="seller", password="wrong", domain="sales")
    root.call("enableUser", id=tenants.seller.uuid)
    assert login(username="seller", password=PASSWORD, domain="sales")[0] == 200


def test_nobody_locks_a_root_admin_out_for_ever(tenants, monkeypatch):
    clock = SimpleNamespace(now=1_800_000_000.0)
    monkeypatch.setattr(counting.time, "time", lambda: clock.now)
    cache.clear()

    def attempt(password: str, address: str = "192.0.2.1") -> int:
        return login(Client(REMOTE_ADDR=address), username="boss", password=password)[0]

    for _ in range(50):
        assert attempt("wrong") == 531
    assert User.objects.get(pk=tenants.root.pk).state == AccountState.ENABLED
    assert attempt(PASSWORD) == 531
    assert attempt(PASSWORD, "192.0.2.2") == 200
    clock.now += 60
    assert attempt(PASSWORD) == 200
    for _ in range(5):
        clock.now += 60
        for _ in range(6):
            attempt("wrong")
    clock.now += 60
    assert attempt(PASSWORD) == 531, "thirty in an hour"
    clock.now += 3600
    assert attempt(PASSWORD) == 200
    for last in range(5):
        attempt("wrong", f"2001:db8::{last}")
    assert attempt(PASSWORD, "2001:db8::ffff") == 531
    assert attempt(PASSWORD, "2001:db8:0:1::1") == 200


def test_an_unknown_user_costs_a_hash_too(tenants, monkeypatch):
    hashed = []
    monkeypatch.setattr("apps.accounts.services.login.make_password", lambda raw: hashed.append(raw))
    assert check_login(username="nobody", password="guess") is None
    assert hashed == ["guess"]


def test_the_system_user_never_logs_in(tenants):
    user = UserFactory(username="system", account=AccountFactory(is_system=True, root_admin=True))
    assert check_login(username="system", password=PASSWORD) is None
    assert authenticate(None, username="system", password=PASSWORD) is None
    assert user.check_password(PASSWORD)


def test_the_admin_takes_user_and_user_at_domain(tenants):
    assert authenticate(None, username="boss", password=PASSWORD) == tenants.root
    assert authenticate(None, username="seller@sales", password=PASSWORD) == tenants.seller
    assert authenticate(None, username="seller@ROOT/sales", password=PASSWORD) == tenants.seller
    assert authenticate(None, username="seller", password=PASSWORD) is None
    mail = UserFactory(username="ada@example.org", account=tenants.root.account)
    assert authenticate(None, username="ada@example.org", password=PASSWORD) == mail
    deep = UserFactory(username="ada@example.org", account=AccountFactory(domain=DomainFactory(name="x")))
    assert authenticate(None, username="ada@example.org@x", password=PASSWORD) == deep


def test_nobody_but_root_admins_enters_the_admin(tenants):
    for username, status in (("seller@sales", 200), ("boss", 302)):
        response = Client().post("/admin/login/", {"username": username, "password": PASSWORD})
        assert response.status_code == status, username


def test_a_session_ends_with_the_account(root, tenants):
    client = Client()
    _, body = login(client, username="seller", password=PASSWORD, domain="sales")
    root.call("lockAccount", account="seller", domainid=tenants.sales.uuid)
    answer = client.get("/client/api", {"command": "listUsers", "response": "json", "sessionkey": body["sessionkey"]})
    assert answer.status_code == 401


def test_a_session_ends_when_the_password_is_changed(root, tenants):
    """Whoever had the old password, and logged in with it, is out."""
    client = Client()
    _, body = login(client, username="seller", password=PASSWORD, domain="sales")
    call = {"command": "listUsers", "response": "json", "sessionkey": body["sessionkey"]}
    assert client.get("/client/api", call).status_code == 200
    root.call("updateUser", id=tenants.seller.uuid, password="a new one that nobody knows")
    assert client.get("/client/api", call).status_code == 401
