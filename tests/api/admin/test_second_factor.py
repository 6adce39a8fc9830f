"""The sign-in of the admin pages asks for the second factor of whoever has or needs one."""

from collections.abc import Iterator

import pyotp
import pytest
from django.test import Client

from apps.accounts.factories import PASSWORD, AccountFactory, UserFactory
from apps.accounts.models import TwoFactor, User
from apps.accounts.selectors import caller_of
from apps.accounts.services.second_factor import SecondFactorManager
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager

PAGE = "/admin/second-factor/"
USERS_PAGE = "/second-factor/"


@pytest.fixture
def boss(db: None) -> Iterator[User]:
    """A root admin in a cloud whose users may have second factors."""
    store.forget()
    user = UserFactory(username="boss", account=AccountFactory(root_admin=True))
    ConfigurationManager().update(caller=caller_of(user), name="enable.user.2fa", value="true")
    yield user
    store.forget()


def mandate(user: User) -> None:
    ConfigurationManager().update(caller=caller_of(user), name="mandate.user.2fa", value="true")


def sign_in(client: Client, **query: str):
    return client.post("/admin/login/", {"username": "boss", "password": PASSWORD, **query})


def is_in(client: Client) -> bool:
    return client.get("/admin/password_change/").status_code == 200


def code_of(user: User, ahead: int = 0) -> str:
    factor = TwoFactor.objects.filter(user=user).order_by("-pk").first()
    totp = pyotp.TOTP(factor.secret.reveal())
    import time

    return totp.at(int(time.time()) + ahead)


@pytest.fixture
def enrolled(boss: User) -> User:
    manager, caller = SecondFactorManager(), caller_of(boss)
    made = manager.set_up(caller=caller, user=boss)
    manager.verify(caller=caller, user=boss, code=code_of(boss, -30))
    boss.recovery = made.recovery_codes
    return boss


def test_without_one_the_password_is_enough(boss: User) -> None:
    client = Client()
    assert sign_in(client)["Location"] == "/admin/"
    assert is_in(client)


def test_the_password_alone_leads_to_the_page_of_the_code(enrolled: User) -> None:
    client = Client()
    assert sign_in(client, next="/admin/settings/")["Location"] == PAGE
    assert not is_in(client)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert b"autofocus" in page.content
    assert enrolled.two_factors.get().secret.reveal() not in page.content.decode()
    assert client.post(PAGE, {"do": "verify", "code": "000000"}).status_code == 400
    assert not is_in(client)
    assert client.post(PAGE, {"do": "verify", "code": code_of(enrolled)})["Location"] == "/admin/settings/"
    assert is_in(client)


def test_a_recovery_code_does_too(enrolled: User) -> None:
    client = Client()
    sign_in(client)
    client.post(PAGE, {"do": "verify", "code": enrolled.recovery[0]})
    assert is_in(client)


def test_half_signed_in_nobody_removes_or_replaces_the_factor(enrolled: User) -> None:
    client = Client()
    sign_in(client)
    for do in ("remove", "setup"):
        client.post(PAGE, {"do": do})
    assert [factor.confirmed is not None for factor in TwoFactor.objects.filter(user=enrolled)] == [True]
    assert not is_in(client)


def test_the_page_is_not_for_strangers_and_the_password_is_not_good_for_long(enrolled: User, monkeypatch) -> None:
    assert Client().get(PAGE)["Location"] == "/admin/login/"
    client = Client()
    sign_in(client)
    enrolled.set_password("another one entirely")
    enrolled.save()
    assert client.post(PAGE, {"do": "verify", "code": code_of(enrolled)})["Location"] == "/admin/login/"


def test_elsewhere_is_no_place_to_go_on_to(enrolled: User) -> None:
    client = Client()
    sign_in(client, next="https://evil.example/")
    assert client.post(PAGE, {"do": "verify", "code": code_of(enrolled)})["Location"] == "/admin/"


def test_who_must_have_one_sets_it_up_on_the_way_in(boss: User) -> None:
    mandate(boss)
    client = Client()
    assert sign_in(client)["Location"] == PAGE
    page = client.post(PAGE, {"do": "setup", "provider": "totp"}).content.decode()
    factor = TwoFactor.objects.get(user=boss)
    assert factor.secret.reveal() in page
    assert page.count("<li><code") == 10
    assert not is_in(client)
    client.post(PAGE, {"do": "verify", "code": code_of(boss)})
    assert is_in(client)


def test_one_looks_after_ones_own_and_other_sessions_end(boss: User) -> None:
    client, other = Client(), Client()
    sign_in(client)
    sign_in(other)
    assert b"password only" in client.get(PAGE).content
    client.post(PAGE, {"do": "setup", "provider": "totp"})
    client.post(PAGE, {"do": "verify", "code": code_of(boss)})
    assert b"is in force" in client.get(PAGE).content
    assert is_in(client)
    assert not is_in(other)
    client.post(PAGE, {"do": "remove"})
    assert not TwoFactor.objects.filter(user=boss).exists()
    assert is_in(client)


def test_a_tenant_proves_his_at_the_sign_in_of_the_api(boss: User) -> None:
    tenant = UserFactory(username="tess", account=AccountFactory())
    manager, caller = SecondFactorManager(), caller_of(tenant)
    manager.set_up(caller=caller, user=tenant)
    manager.verify(caller=caller, user=tenant, code=code_of(tenant, -30))
    client, where = Client(), "/api/v1/virtual-machines"
    name = f"tess@{tenant.account.domain.path.strip('/')}"
    entered = client.post("/api/v1/login", {"username": name, "password": PASSWORD, "next": where})
    assert entered["Location"] == USERS_PAGE and client.get(where).status_code == 401
    assert client.post(USERS_PAGE, {"do": "verify", "code": "000000"}).status_code == 400
    assert client.get(where).status_code == 401
    assert client.post(USERS_PAGE, {"do": "verify", "code": code_of(tenant)})["Location"] == where
    assert client.get(where).status_code == 200
    # He is no operator: the page in the admin is closed to him.
    assert client.get(PAGE)["Location"].startswith("/admin/login/")
    assert client.post(PAGE, {"do": "remove"})["Location"].startswith("/admin/login/")
    assert tenant.two_factors.get().confirmed is not None
