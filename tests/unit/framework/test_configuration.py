"""Operator settings: types, bounds, scopes, and what a plugin may say about them."""

import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.factories import root_caller
from cloudstack.framework.configuration import ConfigKey, Scope, registry, store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.models import Event
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.plugin import hookimpl

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys that a test declares are gone afterwards, and nothing read before counts."""
    monkeypatch.setattr(registry, "_keys", dict(registry._keys))
    monkeypatch.setattr(registry, "_plugin_defaults", dict(registry._plugin_defaults))
    store.forget()
    yield
    store.forget()


def key(type: type = int, default: Any = 3, **more: Any) -> ConfigKey:
    return ConfigKey("test.limit", type, default, "a limit of the tests", **more)


def update(value: str, **more: Any) -> ConfigKey:
    return ConfigurationManager().update(caller=root_caller(), name="test.limit", value=value, **more)


def reset(**more: Any) -> ConfigKey:
    return ConfigurationManager().reset(caller=root_caller(), name="test.limit", **more)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        (int, " 42 ", 42),
        (int, "-1", -1),
        (float, "1.5", 1.5),
        (float, "2", 2.0),
        (bool, "true", True),
        (bool, "FALSE", False),
        (str, "least loaded", "least loaded"),
        (str, "", ""),
    ],
)
def test_values_have_the_type_of_their_declaration(type: type, text: str, value: Any) -> None:
    declared = key(type, type())
    update(text)
    assert declared.value() == value
    assert isinstance(declared.value(), type)


@pytest.mark.parametrize(
    ("type", "text", "words"),
    [
        (int, "many", "test.limit must be a whole number, not 'many'"),
        (int, "1.5", "a whole number"),
        (int, "", "a whole number"),
        (float, "one", "a number"),
        (float, "nan", "a number"),
        (float, "inf", "a number"),
        (bool, "yes", "true or false"),
        (bool, "1", "true or false"),
    ],
)
def test_what_cannot_be_read_is_refused(type: type, text: str, words: str) -> None:
    key(type, type())
    with pytest.raises(InvalidParameter, match=words) as refused:
        update(text)
    assert refused.value.parameter == "value"
    assert not ConfigValue.objects.exists() and not Event.objects.exists()


def even(value: int) -> None:
    if value % 2:
        raise ValueError("must be even")


@pytest.mark.parametrize(
    ("declared", "text", "words"),
    [
        ({"minimum": 1}, "0", "test.limit must be at least 1, not '0'"),
        ({"maximum": 10}, "11", "test.limit must be at most 10, not '11'"),
        ({"check": even}, "7", "test.limit: must be even"),
        ({"type": str, "default": "a", "choices": ("a", "b")}, "c", "test.limit must be one of a, b, not 'c'"),
    ],
)
def test_bounds(declared: dict[str, Any], text: str, words: str) -> None:
    key(**declared)
    with pytest.raises(InvalidParameter) as refused:
        update(text)
    assert str(refused.value) == words


def test_bounds_include_their_ends() -> None:
    declared = key(minimum=1, maximum=10)
    for text in ("1", "10"):
        update(text)
        assert declared.value() == int(text)


def test_what_is_not_stored_has_the_default() -> None:
    assert key(default=5).value() == 5
    update("6")
    assert registry.get("test.limit").value() == 6
    reset()
    assert registry.get("test.limit").value() == 5


def test_a_narrow_scope_comes_before_the_wide_one() -> None:
    declared = key(scope=Scope.ZONE)
    zone, other = uuid.uuid4(), uuid.uuid4()
    update("10")
    update("20", scope=Scope.ZONE, scope_uuid=zone)
    assert (declared.value(zone), declared.value(str(zone)), declared.value(other), declared.value()) == (
        20,
        20,
        10,
        10,
    )
    reset(scope=Scope.ZONE, scope_uuid=zone)
    assert declared.value(zone) == 10


def test_scopes_in_between_are_asked_in_order() -> None:
    declared = key(scope=Scope.ACCOUNT)
    account, domain = uuid.uuid4(), uuid.uuid4()
    ConfigValue.objects.create(name="test.limit", scope="domain", scope_uuid=str(domain), value="7")
    assert declared.value(account) == 3
    assert declared.value(account, fallback=((Scope.DOMAIN, domain),)) == 7
    update("8", scope=Scope.ACCOUNT, scope_uuid=account)
    assert declared.value(account, fallback=((Scope.DOMAIN, domain),)) == 8


@pytest.mark.parametrize(
    ("scope", "scope_uuid", "words"),
    [
        (Scope.CLUSTER, "x", "test.limit can be set per zone, not per cluster"),
        (Scope.ZONE, None, "needs the zone that it is for"),
        (Scope.GLOBAL, "x", "needs no object"),
    ],
)
def test_a_wrong_scope_is_refused(scope: Scope, scope_uuid: Any, words: str) -> None:
    key(scope=Scope.ZONE)
    for change in (
        lambda: update("4", scope=scope, scope_uuid=scope_uuid),
        lambda: reset(scope=scope, scope_uuid=scope_uuid),
    ):
        with pytest.raises(InvalidParameter, match=words):
            change()
    assert not ConfigValue.objects.exists()


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"there is no setting named 'test\.limit'"):
        update("1")


def test_reading_is_one_statement_and_then_none(django_assert_num_queries: Any) -> None:
    keys = [ConfigKey(f"test.many.{n}", int, n, "one of many") for n in range(20)]
    with django_assert_num_queries(1):
        assert [one.value() for one in keys] == list(range(20))


def test_a_process_trusts_what_it_read_for_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(store.time, "monotonic", lambda: now)
    declared = key()
    assert declared.value() == 3
    ConfigValue.objects.create(name="test.limit", value="4")
    assert declared.value() == 3, "another process changed it"
    now += 4.9
    assert declared.value() == 3
    now += 0.2
    assert declared.value() == 4


def test_a_change_of_its_own_is_seen_at_once() -> None:
    declared = key()
    assert declared.value() == 3
    update("4")
    assert declared.value() == 4


def test_a_change_that_is_rolled_back_is_forgotten(transactional_db: None) -> None:
    declared = key()
    with pytest.raises(RuntimeError), transaction.atomic():
        update("4")
        assert declared.value() == 4
        raise RuntimeError
    store.forget()
    assert declared.value() == 3


def test_a_change_is_told(caplog: pytest.LogCaptureFixture) -> None:
    key(scope=Scope.ZONE)
    zone = uuid.uuid4()
    update("4")
    update("5", scope=Scope.ZONE, scope_uuid=zone)
    reset()
    assert list(Event.objects.order_by("id").values_list("type", "description")) == [
        ("CONFIGURATION.VALUE.EDIT", "test.limit set from 3 to 4"),
        ("CONFIGURATION.VALUE.EDIT", f"test.limit set from 4 to 5 for zone {zone}"),
        ("CONFIGURATION.VALUE.EDIT", "test.limit reset from 4 to 3"),
    ]


def test_a_secret_setting_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    def check(value: str) -> None:
        if len(value) < 4:
            raise ValueError(f"{value} is short")
        if " " in value:
            raise ValueError("it has a blank")

    caplog.set_level(logging.DEBUG)
    declared = key(str, "", secret=True, check=check)
    update("hunter2")
    assert declared.value() == "hunter2"
    stored = ConfigValue.objects.get()
    assert "hunter2" not in stored.value
    assert Event.objects.get().description == "test.limit set to ****"
    with pytest.raises(InvalidParameter) as refused:
        update("ab1")
    assert "ab1" not in str(refused.value)
    with pytest.raises(InvalidParameter, match=r"^test\.limit: it has a blank$"):
        update("hunter 3")
    assert "hunter2" not in caplog.text and "ab1" not in caplog.text
    reset()
    assert declared.value() == ""


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.text(min_size=1, max_size=40).filter(str.strip),
    quote=st.sampled_from(
        [str, repr, str.lower, str.upper, str.casefold, str.swapcase, lambda text: repr(text).upper()]
    ),
    data=st.data(),
)
def test_no_part_of_a_secret_is_in_the_words_of_its_check(secret: str, quote: Any, data: Any) -> None:
    def check(value: str) -> None:
        begin = data.draw(st.integers(0, max(0, len(value) - 4)))
        end = data.draw(st.integers(min(begin + 4, len(value)), len(value)))
        raise ValueError(f"that ({quote(value[begin:end])}) is wrong")

    with pytest.raises(InvalidParameter) as refused:
        key(str, "", secret=True, check=check).cast(secret)
    assert str(refused.value) == "test.limit: is not possible"


def test_a_stored_value_that_is_not_allowed_any_more_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    declared = key(scope=Scope.ZONE, minimum=1)
    zone = str(uuid.uuid4())
    ConfigValue.objects.create(name="test.limit", value="2")
    ConfigValue.objects.create(name="test.limit", scope="zone", scope_uuid=zone, value="0")
    assert declared.value(zone) == 2
    assert "test.limit must be at least 1, not '0'" in caplog.text


def test_a_name_is_declared_once() -> None:
    first = key()
    assert key() == first, "the same again is the same"
    with pytest.raises(ImproperlyConfigured, match=r"setting test\.limit is declared twice"):
        key(default=4)
    assert registry.get("test.limit") is first
    assert first in registry.all_keys()


class Overrider:
    """A plugin that has the last word on settings."""

    def __init__(self, answer: Any):
        self.answer = answer
        self.asked: list[Any] = []

    @hookimpl
    def override_config_value(self, name: str, scope: str, scope_uuid: str) -> Any:
        self.asked.append((name, scope, scope_uuid))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(("answer", "value"), [(9, 9), ("9", 9), (None, 4), ("nine", 4), (99, 4), (KeyError("x"), 4)])
def test_a_plugin_may_override_within_the_declaration(plugin: Any, answer: Any, value: int) -> None:
    declared = key(scope=Scope.ZONE, maximum=10)
    update("4")
    zone = uuid.uuid4()
    one = Overrider(answer)
    plugin(one)
    assert declared.value(zone) == value
    assert one.asked == [("test.limit", "zone", str(zone))]


def test_the_next_plugin_is_asked_when_one_fails(plugin: Any) -> None:
    declared = key()
    plugin(Overrider(8))
    plugin(Overrider(RuntimeError("no idea")))
    assert declared.value() == 8


# Defaults of manifests


@pytest.fixture
def in_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("teapot", "tea"):
        monkeypatch.setitem(pm.statuses, name, PluginStatus(name))


@pytest.mark.usefixtures("in_service")
def test_a_manifest_gives_a_setting_another_default_while_its_plugin_is_in_service() -> None:
    declared = key()
    registry.register_manifest_defaults({"teapot": {"test.limit": 7}})
    assert declared.value() == 7
    update("5")
    assert declared.value() == 5
    reset()
    assert declared.value() == 7
    pm.fail("teapot", "spilt")
    assert declared.value() == 3


@pytest.mark.usefixtures("in_service")
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"test.limit": "many"}, "must be a whole number"),
        ({"test.limit": 7, "no.such.setting": 1}, "there is no setting 'no.such.setting'"),
    ],
)
def test_a_manifest_with_a_wrong_default_takes_its_plugin_out(wrong: dict[str, Any], words: str) -> None:
    declared = key()
    registry.register_manifest_defaults({"teapot": wrong})
    assert words in pm.statuses["teapot"].error
    assert declared.value() == 3


@pytest.mark.usefixtures("in_service")
def test_two_plugins_cannot_give_one_setting_a_default() -> None:
    declared = key()
    registry.register_manifest_defaults({"teapot": {"test.limit": 7}, "tea": {"test.limit": 8}})
    assert "plugin teapot gives 'test.limit' a default already" in pm.statuses["tea"].error
    assert declared.value() == 7
