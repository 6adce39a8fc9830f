"""Settings over the API: groups, parents, scopes, history; what the portal says it can do."""

import pytest

from apps.storage.factories import ImageStoreFactory
from cloudstack.framework.configuration import ConfigKey
from cloudstack.framework.configuration.registry import _keys, all_keys
from cloudstack.testing.api import ApiError


def refused(client, command, code=431, **params):
    with pytest.raises(ApiError) as error:
        client.call(command, **params)
    assert error.value.code == code, error.value.text
    return error.value.text


@pytest.fixture
def declared():
    """A setting only of these tests."""
    made = []

    def declare(name, **options):
        key = ConfigKey(name, str, "", description="for a test", **options)
        made.append(name)
        return key

    yield declare
    for name in made:
        _keys.pop(name)


def test_settings_stand_in_groups(root):
    groups = {group["name"]: group for group in root.items("listConfigurationGroups")}
    assert [group["precedence"] for group in groups.values()] == list(range(1, len(groups) + 1))
    access = {part["name"]: part["precedence"] for part in groups["Access"]["subgroup"]}
    assert access["Account"] == 1
    [only] = root.items("listConfigurationGroups", group="storage")
    assert only["name"] == "Storage"
    listed = root.items("listConfigurations")
    assert len(listed) == len(all_keys())
    for setting in listed:
        parts = {part["name"] for part in groups[setting["group"]]["subgroup"]}
        assert setting["subgroup"] in parts, setting
    assert {setting["component"] for setting in listed} >= {"accounts", "storage", "api", "compute"}
    limits = root.items("listConfigurations", group="Access", subgroup="Domain")
    assert limits and all(setting["name"].startswith("max.domain.") for setting in limits)
    assert limits[0]["displaytext"] == "Max domain backup storage"
    switched = {setting["name"] for setting in root.items("listConfigurations", parent="api.throttling.enabled")}
    assert switched == {"api.throttling.interval", "api.throttling.max"}


def test_the_history_of_a_setting_tells_values_but_no_secrets(root, declared):
    declared("test.secret", secret=True)
    root.call("updateConfiguration", name="max.account.user.vms", value="7")
    root.call("updateConfiguration", name="max.account.user.vms", value="9")
    root.call("resetConfiguration", name="max.account.user.vms")
    root.call("updateConfiguration", name="test.secret", value="hunter2")
    history = root.items("listEvents", type="CONFIGURATION.VALUE.EDIT", listall=True)
    told = {event["description"] for event in history}
    assert {
        "max.account.user.vms set from 20 to 7",
        "max.account.user.vms set from 7 to 9",
        "max.account.user.vms reset from 9 to 20",
        "test.secret set to ****",
    } <= told
    assert "hunter2" not in str(history)


def test_a_setting_of_image_stores(root, declared):
    from cloudstack.framework.configuration import Scope

    key = declared("test.of.stores", scope=Scope.IMAGE_STORE)
    shop = ImageStoreFactory()
    set_to = root.call("updateConfiguration", name="test.of.stores", value="here", imagestoreuuid=shop.uuid)
    assert (set_to["configuration"]["value"], set_to["configuration"]["scope"]) == ("here", "imagestore")
    assert (key.value(shop.uuid), key.value()) == ("here", "")
    assert [s["name"] for s in root.items("listConfigurations", imagestoreuuid=shop.uuid)] == ["test.of.stores"]
    text = refused(root, "updateConfiguration", name="expunge.delay", value="90", imagestoreuuid=shop.uuid)
    assert "not per imagestore" in text
    refused(root, "listConfigurations", imagestoreuuid=shop.uuid, zoneid=shop.zone.uuid)
    root.call("resetConfiguration", name="test.of.stores", imagestoreid=shop.uuid)
    assert key.value(shop.uuid) == ""


def test_capabilities_follow_the_settings(root, seller):
    before = seller.call("listCapabilities")["capability"]
    assert (before["allowusercreateprojects"], before["defaultuipagesize"]) == (True, 20)
    assert "apilimitmax" not in before
    for name, value in (
        ("allow.user.create.projects", "false"),
        ("project.invite.required", "true"),
        ("allow.public.user.templates", "false"),
        ("default.ui.page.size", "50"),
        ("api.throttling.enabled", "true"),
        ("api.throttling.max", "30"),
    ):
        root.call("updateConfiguration", name=name, value=value)
    after = seller.call("listCapabilities")["capability"]
    names = ("allowusercreateprojects", "projectinviterequired", "userpublictemplateenabled", "defaultuipagesize")
    assert [after[name] for name in names] == [False, True, False, 50]
    assert (after["apilimitinterval"], after["apilimitmax"]) == (1, 30)


def test_the_planner_that_there_is(root, seller):
    assert [planner["name"] for planner in root.items("listDeploymentPlanners")] == ["FilterWeigherPlanner"]
    assert root.call("listDeploymentPlanners", keyword="bare metal") == {}
    refused(seller, "listDeploymentPlanners", 432)
