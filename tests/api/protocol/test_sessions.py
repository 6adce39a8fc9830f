"""Sessions under the settings that shape them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from cloudstack.api import session as sessions
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.events.models import Event
from tests.api.protocol.test_authentication import Browser, refused


@pytest.fixture
def setting(root: SimpleNamespace) -> Iterator[Callable[[str, str], None]]:
    def change(name: str, value: str) -> None:
        ConfigurationManager().update(caller=root.caller, name=name, value=value)

    store.forget()
    yield change
    store.forget()


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.mark.parametrize(
    ("value", "samesite", "secure"),
    [("Lax", "Lax", False), ("Strict", "Strict", False), ("NoneAndSecure", "None", True), ("Null", "", False)],
)
def test_cookies_say_what_the_setting_says(setting, browser, ada, value: str, samesite: str, secure: bool) -> None:
    setting("api.sessionkey.cookie.samesite", value)
    answer = browser.login(ada.user)
    for name in ("JSESSIONID", "sessionkey"):
        cookie = answer.cookies[name]
        assert (cookie["samesite"], bool(cookie["secure"]), cookie["path"]) == (samesite, secure, "/client")
    setting("enable.secure.session.cookie", "true")
    assert browser.login(ada.user).cookies["JSESSIONID"]["secure"]


@pytest.mark.parametrize(
    ("value", "cookie_alone", "parameter_alone"),
    [("CookieAndParameter", 401, 401), ("CookieOrParameter", 200, 200), ("ParameterOnly", 401, 200)],
)
def test_where_the_key_must_be(setting, browser, ada, value: str, cookie_alone: int, parameter_alone: int) -> None:
    setting("api.sessionkey.check.locations", value)
    browser.login(ada.user)
    assert browser.get("listGadgets").status_code == 200
    assert browser.get("listGadgets", sessionkey="").status_code == cookie_alone
    browser.login(ada.user)
    del browser.http.cookies["sessionkey"]
    assert browser.get("listGadgets").status_code == parameter_alone
    browser.login(ada.user)
    del browser.http.cookies["sessionkey"]
    refused(browser.get("listGadgets", sessionkey="guess"))


def test_a_session_ends_when_it_is_not_used(setting, browser, ada, monkeypatch) -> None:
    setting("session.timeout", "1")
    browser.login(ada.user)
    first = Session.objects.get().expire_date
    assert first - timezone.now() <= timedelta(minutes=1)
    clock = sessions.time.time() + 20
    monkeypatch.setattr(sessions.time, "time", lambda: clock)
    browser.get("listGadgets")
    assert Session.objects.get().expire_date > first, "a call prolongs it"
    Session.objects.update(expire_date=timezone.now())
    refused(browser.get("listGadgets"))


def test_logging_out_is_an_event(browser, ada) -> None:
    browser.login(ada.user)
    browser.http.post("/client/api/", {"command": "logout", "response": "json"})
    assert Event.objects.filter(type="USER.LOGOUT", resource_uuid=ada.user.uuid, user_id=ada.user.pk).count() == 1


def test_a_key_pair_wins_over_a_session(browser, ada, bob) -> None:
    browser.login(ada.user)
    signed = bob.api.sign({"command": "listUsers", "response": "json", "sessionkey": browser.key})
    body = browser.http.get("/client/api", signed).json()["listusersresponse"]
    assert [user["username"] for user in body["user"]] == [bob.user.username]
