"""Where calls may come from, how many there may be, and how they must be sent."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.core.cache import cache
from django.utils import timezone

from cloudstack.framework import counting
from cloudstack.framework.configuration import Scope, store
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiClient, ApiError


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    cache.clear()
    store.forget()
    yield
    cache.clear()
    store.forget()


@pytest.fixture
def setting(root: SimpleNamespace) -> Callable[..., None]:
    def change(name: str, value: str, account: SimpleNamespace | None = None) -> None:
        where = {} if account is None else {"scope": Scope.ACCOUNT, "scope_uuid": account.caller.account_uuid}
        ConfigurationManager().update(caller=root.caller, name=name, value=value, **where)

    return change


@pytest.fixture
def throttled(setting: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Three calls in ten seconds, with a clock that the test turns."""
    clock = SimpleNamespace(now=1_800_000_000.0)
    monkeypatch.setattr(counting.time, "time", lambda: clock.now)
    setting("api.throttling.enabled", "true")
    setting("api.throttling.max", "3")
    setting("api.throttling.interval", "10")
    return clock


def test_one_call_too_many_is_told_when_to_come_again(throttled, ada, bob) -> None:
    throttled.now += 2.5
    for _ in range(3):
        ada.api.call("listGadgets")
    response = ada.api.send("listGadgets")
    body = orjson.loads(response.content)["listgadgetsresponse"]
    assert response.status_code == body["errorcode"] == 429
    assert body["cserrorcode"] == 4545
    assert "7500 ms" in body["errortext"]
    assert response["Retry-After"] == "8"
    bob.api.call("listGadgets")
    throttled.now += 7.5
    ada.api.call("listGadgets")


def test_root_is_never_counted(throttled, root) -> None:
    for _ in range(5):
        root.api.call("listGadgets")
    assert root.api.call("getApiLimit")["apilimit"]["apiAllowed"] == -1


def test_one_reads_what_is_left_and_root_gives_it_back(throttled, root, ada) -> None:
    ada.api.call("listGadgets")
    limit = ada.api.call("getApiLimit")["apilimit"]
    assert limit == {
        "accountid": ada.caller.account_uuid,
        "account": ada.caller.account_name,
        "apiIssued": 2,
        "apiAllowed": 1,
        "expireAfter": 10_000,
    }
    ada.api.call("listGadgets")
    assert ada.api.send("listGadgets").status_code == 429
    with pytest.raises(ApiError) as caught:
        ApiClient(ada.api.api_key, ada.api.secret).call("resetApiLimit")
    assert caught.value.code == 429
    assert root.api.call("resetApiLimit", account=ada.caller.account_uuid) == {"success": True}
    assert ada.api.send("listGadgets").status_code == 200
    for _ in range(3):
        ada.api.send("listGadgets")
    root.api.call("resetApiLimit")
    assert ada.api.send("listGadgets").status_code == 200


def test_without_throttling_there_is_no_limit_to_read(ada) -> None:
    limit = ada.api.call("getApiLimit")["apilimit"]
    assert (limit["apiIssued"], limit["apiAllowed"], limit["expireAfter"]) == (0, -1, 0)


def test_a_cache_that_is_away_shuts_nobody_out(throttled, ada, monkeypatch, caplog) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("redis is away")

    monkeypatch.setattr(counting.cache, "add", broken)
    for _ in range(5):
        ada.api.call("listGadgets")
    assert "redis is away" in caplog.text


def test_an_account_calls_from_its_networks_only(setting, root, ada) -> None:
    setting("api.allowed.source.cidr.list", "10.0.0.0/8", ada)
    with pytest.raises(ApiError) as caught:
        ada.api.call("listGadgets")
    assert caught.value.code == 401
    assert "from 127.0.0.1" in caught.value.text
    root.api.call("listGadgets")
    signed = ada.api.sign({"command": "listGadgets", "response": "json"})
    assert ada.api.http.get("/client/api", signed, REMOTE_ADDR="::ffff:10.1.2.3").status_code == 200
    login = {"command": "login", "response": "json", "username": ada.user.username}
    login |= {"password": "correct horse battery", "domain": ada.user.domain.path}
    assert ada.api.http.post("/client/api", login).status_code == 401
    assert not Event.objects.filter(type="USER.LOGIN").exists()
    setting("api.source.cidr.checks.enabled", "false")
    ada.api.call("listGadgets")


@pytest.mark.parametrize("value", ["", "10.0.0.0/33", "everywhere"])
def test_a_list_of_networks_that_admits_nobody_is_refused(setting, value: str) -> None:
    with pytest.raises(InvalidParameter, match=r"api\.allowed\.source\.cidr\.list"):
        setting("api.allowed.source.cidr.list", value)


def test_strict_requests(setting, root, gadget) -> None:
    setting("enforce.post.requests.and.timestamps", "true")
    ahead = {"signatureVersion": 3, "expires": timezone.now() + timedelta(minutes=10)}
    far = {"signatureVersion": 3, "expires": timezone.now() + timedelta(minutes=20)}
    assert root.api.call("listGadgets", **ahead) == {}
    for params in ({}, far):
        with pytest.raises(ApiError) as caught:
            root.api.call("listGadgets", **params)
        assert caught.value.code == 401
    with pytest.raises(ApiError) as caught:
        root.api.call("createGadget", name="x", **ahead)
    assert (caught.value.code, "POST" in caught.value.text) == (400, True)
    assert root.api.call("createGadget", method="POST", name="x", **ahead)
