"""Hooks about people and what they see: access, roles, passwords, alerts, fields of objects, the doctor."""

import json
import time
from collections.abc import Callable, Iterator
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, UserFactory
from apps.accounts.models import Role
from apps.accounts.selectors import caller_of
from apps.accounts.services import login_backends
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.services.login import check_login
from apps.accounts.services.role_effects import effects_of
from apps.accounts.services.role_rules import rules_of
from apps.notifications.services import alert_channels
from cloudstack.api import BaseCmd, access_checks, added_fields, default_rules, registry
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework import doctor
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.context import RoleType
from cloudstack.framework.errors import PermissionDenied
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.plugins.measures import HookMeasures
from cloudstack.framework.plugins.pauses import Pauses
from cloudstack.framework.scheduler import runner
from cloudstack.plugin import hookimpl
from cloudstack.plugin.access import AccessCheck, CommandCall, RoleRule
from cloudstack.plugin.alerts import AlertChannel, AlertType, raise_alert
from cloudstack.plugin.api import INT, Caller, ResponseField
from cloudstack.plugin.doctor import DoctorCheck, Finding
from cloudstack.plugin.login import Secret

pytestmark = pytest.mark.django_db

Give = Callable[..., str]


def hook(name: str, answer: Any) -> Any:
    """A plugin that gives ``answer`` by one hook."""
    return SimpleNamespace(**{name: hookimpl(lambda: answer, specname=name)})


@pytest.fixture(autouse=True)
def registries_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(access_checks, "_checks", [])
    monkeypatch.setattr(access_checks, "_of_command", {})
    monkeypatch.setattr(default_rules, "_rules", [])
    monkeypatch.setattr(login_backends, "_backends", [])
    monkeypatch.setattr(alert_channels, "_channels", {})
    monkeypatch.setattr(doctor, "_checks", [])
    monkeypatch.setattr(registry, "_givers", {})
    monkeypatch.setattr(pm, "pauses", Pauses())
    monkeypatch.setattr(pm, "measures", HookMeasures())
    yield
    default_rules._change()


@pytest.fixture
def user() -> Any:
    return UserFactory(account=AccountFactory())


@pytest.fixture
def caller(user: Any) -> Caller:
    return caller_of(user)


def root() -> Caller:
    ensure_default_roles()
    role = Role.objects.get(unrestricted=True)
    return caller_of(UserFactory(account=AccountFactory(role=role)))


def test_register_response_fields(plugin: Give, user: Any, caller: Caller) -> None:
    """Loaded once for a page, told wherever fields are told, and left out when that fails."""
    others = [UserFactory(account=user.account) for _ in range(4)]
    asked: list[list[str]] = []

    def load(uuids: list[str], caller: Caller) -> dict[str, Any]:
        asked.append(uuids)
        return {uuid: str(place) for place, uuid in enumerate(uuids)}

    field = ResponseField(object_name="user", name="cups", load=load, help="cups that the user has had", type=INT)
    plugin(hook("register_response_fields", [field]), name="teapot")
    plugin(hook("register_response_fields", [field]), name="late")
    nowhere = ResponseField(object_name="teapot", name="cups", load=load, help="nothing")
    plugin(hook("register_response_fields", [nowhere]), name="lost")
    with CaptureQueriesContext(connection) as before:
        dispatch("listUsers", {}, caller)
    added_fields.register_plugin_fields()
    try:
        assert pm.statuses["late"].error == "register_response_fields: user has a field 'cups' already"
        assert pm.statuses["lost"].error == "register_response_fields: there are no objects called 'teapot'"
        with CaptureQueriesContext(connection) as after:
            rows = dispatch("listUsers", {}, caller).rows or []
        assert sorted(row["cups"] for row in rows) == [0, 1, 2, 3, 4]
        assert len(asked) == 1 and set(asked[0]) == {str(one.uuid) for one in [user, *others]}
        assert len(after) == len(before) + 1, "the UUIDs of the page"
        [api] = dispatch("listApis", {"name": "listUsers"}, caller).rows or []
        assert {"name": "cups", "description": field.help, "type": "integer"} in api["response"]
        pm.pauses._until["teapot", "register_response_fields"] = time.perf_counter() + 60
        assert "cups" not in (dispatch("listUsers", {}, caller).rows or [])[0]
    finally:
        pm.fail("teapot", "is over")
    assert "cups" not in (dispatch("listUsers", {}, caller).rows or [])[0]
    assert "cups" not in registry.get("listUsers").response.fields()


@pytest.mark.parametrize(
    "fault",
    [lambda *_: 1 / 0, lambda *_: {"x": object()}, lambda *_: connection.cursor().execute("no")],
    ids=["raises", "wrong type", "statement that fails"],
)
def test_a_field_that_cannot_be_loaded_is_left_out(plugin: Give, caller: Caller, fault: Any) -> None:
    field = ResponseField(object_name="user", name="cups", load=fault, help="cups", type=INT)
    plugin(hook("register_response_fields", [field]), name="teapot")
    added_fields.register_plugin_fields()
    try:
        [row] = dispatch("listUsers", {}, caller).rows or []
        assert row["username"] and "cups" not in row
        assert pm.measures.of("teapot", "register_response_fields").failures
    finally:
        pm.fail("teapot", "is over")


def test_register_access_checks(plugin: Give, user: Any, caller: Caller) -> None:
    calls: list[CommandCall] = []

    def refuse(call: CommandCall) -> str | None:
        calls.append(call)
        return "no users on Sundays" if call.objects else None

    plugin(hook("register_access_checks", [AccessCheck(name="sunday", commands=("*User", "listUsers"), refuse=refuse)]))
    access_checks.register_plugin_checks()
    assert dispatch("listUsers", {}, caller, door="rest").rows
    assert (calls[0].command, calls[0].door, calls[0].caller.user_uuid) == ("listUsers", "rest", caller.user_uuid)
    with pytest.raises(PermissionDenied, match="no users on Sundays"):
        dispatch("updateUser", {"id": str(user.uuid), "firstname": "Ann"}, caller)
    assert calls[1].objects == {"id": (str(user.uuid),)}
    dispatch("listAccounts", {}, caller)
    assert len(calls) == 2, "only what it names"


def test_an_access_check_that_fails_refuses_all_but_root(plugin: Give, caller: Caller) -> None:
    broken = AccessCheck(name="broken", commands=("listUsers",), refuse=lambda call: str(1 / 0))
    name = plugin(hook("register_access_checks", [broken]))
    access_checks.register_plugin_checks()
    with pytest.raises(PermissionDenied, match=f"the access check broken of plugin {name} failed"):
        dispatch("listUsers", {}, caller)
    assert dispatch("listUsers", {"listall": "true"}, root()).rows


def test_register_role_rules(plugin: Give) -> None:
    class SipTea(BaseCmd):
        """Sips."""

        roles = frozenset({RoleType.ADMIN})

    registry.unregister(SipTea)
    ensure_default_roles()
    readers, users = (Role.objects.get(name=name) for name in ("Read-Only User - Default", "User"))
    rules = [
        RoleRule(role="Read-Only User - Default", rule="sip*"),
        RoleRule(role="Read-Only User - Default", rule="sipTea"),
    ]
    thief = RoleRule(role="User", rule="listHosts")
    plugin(
        SimpleNamespace(
            register_api_commands=hookimpl(lambda: [SipTea], specname="register_api_commands"),
            register_role_rules=hookimpl(lambda: rules, specname="register_role_rules"),
        ),
        name="teapot",
    )
    plugin(hook("register_role_rules", [thief]), name="thief")
    registry.register_plugin_commands()
    assert not rules_of(readers.pk, readers.version).allows(SipTea)
    default_rules.register_plugin_rules()
    assert pm.statuses["thief"].error == "register_role_rules: 'listHosts' names no command of the plugin"
    assert rules_of(readers.pk, readers.version).allows(SipTea)
    assert effects_of(readers).verdicts["sipTea"].reason == "plugin"
    assert not rules_of(users.pk, users.version).allows(SipTea)
    pm.fail("teapot", "is over")
    assert not rules_of(readers.pk, readers.version).allows(SipTea)


class Directory:
    """Knows one user, and answers when it is there."""

    name = "directory"
    away = False

    def verify(self, *, username: str, domain_path: str, password: Secret) -> bool | None:
        if self.away:
            raise ConnectionError("no directory")
        return password.reveal() == "outside" if username == "ann" else None


def test_register_login_backends(plugin: Give) -> None:
    ann, bob = (
        UserFactory(username=name, account=AccountFactory(), password=make_password("inside"))
        for name in ("ann", "bob")
    )

    def enters(user: Any, password: str) -> bool:
        return check_login(username=user.username, password=password, domain_path=user.domain.path) is not None

    directory = Directory()
    plugin(hook("register_login_backends", [directory]))
    plugin(hook("register_login_backends", [object()]), name="wrong")
    login_backends.register_plugin_backends()
    assert "is no LoginBackend" in pm.statuses["wrong"].error
    assert enters(ann, "outside") and not enters(ann, "inside")
    assert enters(bob, "inside") and not enters(bob, "outside")
    ann.refresh_from_db()
    failures = ann.incorrect_logins
    assert failures == 1
    directory.away = True
    assert not enters(ann, "outside") and enters(bob, "inside")
    ann.refresh_from_db()
    assert ann.incorrect_logins == failures, "nobody is locked out because a directory is away"


def test_register_alert_channels(plugin: Give) -> None:
    carried: list[list[str]] = []
    down = [True]

    def send(notices: Any) -> None:
        if down:
            down.pop()
            raise ConnectionError("no pager")
        carried.append([f"{notice.type} {notice.name}" for notice in notices])

    plugin(hook("register_alert_channels", [AlertChannel("pager", send)]))
    plugin(hook("register_alert_channels", [AlertChannel("pager", send)]), name="late")
    alert_channels.register_plugin_channels()
    assert "there is a channel 'pager' of guest1 already" in pm.statuses["late"].error
    raise_alert(AlertType.HOST, "host-1 is down", description="it does not answer")
    for expected in ([], [["ALERT.COMPUTE.HOST host-1 is down"]], [["ALERT.COMPUTE.HOST host-1 is down"]]):
        assert runner.run("notifications.carry_alerts", forced=True)
        assert carried == expected
    raise_alert(AlertType.HOST, "host-1 is down", description="again")
    raise_alert(AlertType.HOST, "host-2 is down", description="it does not answer")
    runner.run("notifications.carry_alerts", forced=True)
    assert sorted(carried[1]) == ["ALERT.COMPUTE.HOST host-1 is down", "ALERT.COMPUTE.HOST host-2 is down"]
    raise_alert(AlertType.HOST, "host-2 is down", description="still", repeated=True)
    Alert.objects.update(archived=False)
    runner.run("notifications.carry_alerts", forced=True)
    assert len(carried) == 2


@pytest.mark.django_db(transaction=True)
def test_register_doctor_checks(plugin: Give) -> None:
    checks = [
        DoctorCheck("water", lambda: [Finding(True, "hot"), Finding(False, "nearly out", "fill it")]),
        DoctorCheck("beans", lambda: Finding(bool(1 / 0), "")),
        DoctorCheck("nap", lambda: time.sleep(1) or Finding(True, "rested")),
    ]
    plugin(hook("register_doctor_checks", checks), name="teapot")
    plugin(hook("register_doctor_checks", [len]), name="wrong")
    doctor.register_checks()
    assert "is no DoctorCheck" in pm.statuses["wrong"].error
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", "--json", "--limit", "0.3", stdout=out)
    told = {(one["plugin"], one["check"], one["text"]): one["well"] for one in json.loads(out.getvalue())}
    assert told["teapot", "water", "hot"] is True
    assert told["teapot", "water", "nearly out"] is False
    assert told["teapot", "beans", "ZeroDivisionError: division by zero"] is False
    assert told["teapot", "nap", "it did not answer within 0 s"] is False
    assert {check for name, check, _ in told if name == "platform"} >= {
        "database", "migrations", "cache", "broker", "workers", "schedule", "clock", "plugins",
    }  # fmt: skip
    assert any(
        name == "platform" and check == "plugins" and "wrong is not loaded" in text for name, check, text in told
    )
