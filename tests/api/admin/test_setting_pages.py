"""The pages of settings: what is found, what is set where, who changed it, and how it is put back."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.accounts.models import RolePermission
from apps.infrastructure.models import Zone
from cloudstack.framework.configuration import ConfigKey, Scope, registry
from cloudstack.framework.configuration.models import ConfigValue, SettingChange
from cloudstack.framework.context import RoleType
from cloudstack.framework.events.models import Event
from cloudstack.framework.plugins.manager import pm
from cloudstack.plugin import hookimpl
from tests.support.cloud import SimulatedCloud

URL = "/admin/settings/test.limit/"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keys that a test declares are gone afterwards."""
    monkeypatch.setattr(registry, "_keys", dict(registry._keys))
    yield


def key(**more: Any) -> ConfigKey:
    options = {"scope": Scope.ZONE, "minimum": 1, **more}
    kind, default = options.pop("type", int), options.pop("default", 3)
    return ConfigKey("test.limit", kind, default, "a limit of tests of it", **options)


def save(client: Client, value: str, uuid: Any = "", **more: str) -> Any:
    return client.post(URL, {"do": "save", "value": value, "scope_uuid": str(uuid), **more})


def restore(client: Client, change: SettingChange) -> Any:
    return client.post(URL, {"do": "restore", "change": change.pk})


def history() -> list[tuple[Any, ...]]:
    names = ("scope", "before", "before_set", "after", "after_set", "door", "user_name")
    return list(SettingChange.objects.order_by("id").values_list(*names))


def names_on(page: Any) -> list[str]:
    return [row.key.name for _, rows in page.context["groups"] for row in rows]


def test_the_list_is_searched_by_name_description_and_value(operator: Client) -> None:
    declared = key()
    assert "test.limit" in names_on(operator.get("/admin/settings/"))
    for word in ("test.LIM", "A limit of TESTS of", "test.limit"):
        assert names_on(operator.get("/admin/settings/", {"q": word})) == ["test.limit"], word
    save(operator, "7654")
    assert declared.value() == 7654
    assert names_on(operator.get("/admin/settings/", {"q": "7654"})) == ["test.limit"]
    changed = operator.get("/admin/settings/", {"changed": "1", "scope": "zone"})
    assert names_on(changed) == ["test.limit"] and "whole number" in changed.content.decode()
    group = operator.get("/admin/settings/", {"group": "Network"})
    assert names_on(group) and "test.limit" not in names_on(group)
    assert names_on(operator.get("/admin/settings/", {"q": "no such words"})) == []


def test_every_door_leaves_its_line_in_the_history(operator: Client, cloud: SimulatedCloud) -> None:
    declared = key()
    cloud.admin.call("updateConfiguration", name="test.limit", value="4")
    save(operator, "5", cloud.zone.uuid)
    cloud.admin.call("updateConfiguration", name="test.limit", value=" 4 ")
    operator.post(URL, {"do": "reset", "scope_uuid": str(cloud.zone.uuid)})
    # What is refused, or only planned, was no change.
    assert save(operator, "0").status_code == 400
    cloud.admin.call("updateConfiguration", name="test.limit", value="9", plan="true")
    assert declared.value() == 4
    name = Event.objects.filter(type="CONFIGURATION.VALUE.EDIT").earliest("id").user.username
    assert history() == [
        ("global", "3", False, "4", True, "api", name),
        ("zone", "4", False, "5", True, "admin", "operator"),
        ("zone", "5", True, "4", False, "admin", "operator"),
    ]
    html = operator.get(URL).content.decode()
    assert f"zone {cloud.zone.name}" in html and "4 (no value of its own)" in html and "API" in html
    assert "test.limit" in operator.get("/admin/configuration/settingchange/", {"q": "test.l"}).content.decode()


def test_an_earlier_value_is_put_back(operator: Client, cloud: SimulatedCloud) -> None:
    declared = key()
    for value in ("4", "5"):
        save(operator, value)
    save(operator, "8", cloud.zone.uuid)
    first, second, of_zone = SettingChange.objects.order_by("id")
    restore(operator, second)
    assert declared.value() == 4
    restore(operator, first)
    assert (declared.value(), ConfigValue.objects.filter(scope="global").exists()) == (3, False)
    restore(operator, of_zone)
    assert not ConfigValue.objects.exists() and SettingChange.objects.count() == 6
    told = {row.change.pk: row.refusal for row in operator.get(URL).context["history"]}
    assert told[of_zone.pk] == "it is like that now" and told[second.pk] == ""
    # A value that the declaration does not allow any more is refused with its words.
    SettingChange.objects.filter(pk=second.pk).update(before="-1")
    refused = restore(operator, second)
    assert refused.status_code == 400 and "must be at least 1, not &#x27;-1&#x27;" in refused.content.decode()
    assert operator.post(URL, {"do": "restore", "change": "x"}).status_code == 404


def test_an_error_stands_by_its_field_and_keeps_what_was_typed(operator: Client, cloud: SimulatedCloud) -> None:
    key()
    other = Zone.objects.create(name="second zone")
    html = save(operator, "many", other.uuid).content.decode()
    rows = re.findall(r"<tr>.*?</tr>", html, re.S)
    [hit] = [row for row in rows if "must be a whole number" in row]
    assert "second zone" in hit and 'value="many"' in hit and 'aria-invalid="true"' in hit
    assert not ConfigValue.objects.exists() and not SettingChange.objects.exists()
    assert "no such zone" not in html
    stray = save(operator, "4", "nonsense")
    assert stray.status_code == 400 and "zoneid" in stray.context["stray"]


def test_objects_are_found_by_name_and_uuid_and_those_with_values_come_first(
    operator: Client, cloud: SimulatedCloud
) -> None:
    key(scope=Scope.ACCOUNT)
    accounts = [AccountFactory(name=f"customer {number:02}") for number in range(60)]
    save(operator, "4", accounts[55].uuid)
    with CaptureQueriesContext(connection) as captured:
        page = operator.get(URL)
    assert len(captured) <= 13, [one["sql"][:150] for one in captured]
    places = page.context["places"]
    assert [place.label for place in places[:2]] == ["Everything", f"customer 55 ({accounts[55].domain})"]
    assert len(places) == 51 and page.context["more"]
    for word in ("OMER 07", str(accounts[7].uuid)):
        assert [one.uuid for one in operator.get(URL, {"q": word}).context["places"]] == ["", str(accounts[7].uuid)]
    assert "No account is called like that" in operator.get(URL, {"q": "nobody"}).content.decode()
    # One that is gone keeps its value until somebody takes it away.
    accounts[55].mark_removed()
    row = next(one for one in operator.get(URL).context["places"] if one.own)
    assert row.label == "an account that is gone"
    value = ConfigValue.objects.get()
    assert row.gone_url == f"/admin/configuration/configvalue/{value.pk}/change/"
    operator.post(f"/admin/configuration/configvalue/{value.pk}/run/reset/", {"confirmed": "1"})
    assert not ConfigValue.objects.exists() and history()[-1][5] == "admin"


def test_a_secret_leaves_no_value_anywhere(operator: Client, cloud: SimulatedCloud) -> None:
    key(type=str, default="", secret=True, minimum=None)
    for value in ("hunter2", "hunter3"):
        save(operator, value)
    assert [row[1:5] for row in history()] == [("", False, "", True), ("", True, "", True)]
    pages = (URL, "/admin/settings/", "/admin/configuration/settingchange/", "/admin/events/event/")
    assert not [url for url in pages if "hunter" in operator.get(url).content.decode()]
    change = SettingChange.objects.latest("id")
    assert restore(operator, change).status_code == 404
    assert "values of secret settings are not kept" in operator.get(URL).content.decode()
    # Nor are those shown that were written down before the setting was declared secret.
    SettingChange.objects.filter(pk=change.pk).update(secret=False, before="hunter1")
    assert not [url for url in pages if "hunter" in operator.get(url).content.decode()]


def test_who_may_only_look_sees_why_he_cannot_change(cloud: SimulatedCloud) -> None:
    declared = key()
    role = RoleFactory(type=RoleType.ADMIN)
    for position, (rule, word) in enumerate((("update*", "deny"), ("resetConfiguration", "deny"))):
        RolePermission.objects.create(role=role, rule=rule, permission=word, position=position)
    UserFactory(username="watcher", account=AccountFactory(role=role, domain=cloud.account.domain))
    client = Client()
    assert client.login(username=f"watcher@{cloud.account.domain.path}", password=PASSWORD)
    cloud.admin.call("updateConfiguration", name="test.limit", value="4")
    html = client.get(URL).content.decode()
    assert "your role does not admit updateConfiguration" in html and "Put back" in html
    assert [row.refusal for row in client.get(URL).context["history"]] == [
        "your role does not admit resetConfiguration"
    ]
    assert save(client, "5").status_code == 400
    assert restore(client, SettingChange.objects.get()).status_code == 400
    assert declared.value() == 4


def test_what_a_plugin_forces_is_said(operator: Client) -> None:
    class Overrider:
        @hookimpl
        def override_config_value(self, name: str) -> Any:
            return 9 if name == "test.limit" else None

    key()
    pm.register(Overrider(), name="overrider")
    try:
        html = operator.get(URL).content.decode()
    finally:
        pm.unregister(name="overrider")
    assert "A plugin gives this setting the value <strong>9</strong>" in html
