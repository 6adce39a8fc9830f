"""Events, settings and capabilities: the commands of the portal app."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiError

from .conftest import NOBODY, Cloud

# ---------------------------------------------------------------------------------------------- events


def test_a_deployment_tells_its_story(cloud: Cloud) -> None:
    answer = cloud.deploy(name="web")
    cloud.run(answer)
    events = cloud.api.items("listEvents", resourceid=answer["id"])
    story = [(event["type"], event["state"]) for event in reversed(events)]
    assert story[0] == ("VM.CREATE", "Scheduled") and story[-1] == ("VM.CREATE", "Completed")
    assert {event["account"] for event in events} == {"seller"} and {event["domain"] for event in events} == {"sales"}
    first = events[-1]
    assert first["username"] and first["level"] == "INFO" and "web" in first["description"]
    same = cloud.api.items("listEvents", startid=first["id"])
    assert {event["jobid"] for event in same} == {answer["jobid"]}
    assert len(same) >= 3


def test_who_sees_which_events(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    Event.objects.all().delete()
    branch = AccountFactory(domain=DomainFactory(name="emea", parent=cloud.account.domain))
    for account, text in ((cloud.account, "mine"), (branch, "below"), (cloud.lawyer_account, "theirs")):
        publish("VM.START", description=text, account_uuid=account.uuid)

    def texts(client: Any, **params: Any) -> set[str]:
        return {event["description"] for event in client.items("listEvents", **params)}

    assert texts(cloud.api) == texts(cloud.api, listall=True) == {"mine"}
    assert texts(cloud.sales_admin) == set() and texts(cloud.sales_admin, listall=True) == {"mine", "below"}
    sales = cloud.account.domain.uuid
    assert texts(cloud.sales_admin, domainid=sales) == {"mine"}
    assert texts(cloud.sales_admin, domainid=sales, isrecursive=True) == {"mine", "below"}
    assert texts(cloud.admin, listall=True) == {"mine", "below", "theirs"}
    assert texts(cloud.admin, account="seller", domainid=sales) == {"mine"}
    theirs = Event.objects.get(description="theirs")
    assert texts(cloud.api, id=theirs.uuid) == set()
    assert refusal(cloud.api, "listEvents", startid=theirs.uuid).code == 431


def test_filters(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    Event.objects.all().delete()
    publish("VM.START", description="one", account_uuid=cloud.account.uuid)
    publish("VM.STOP", description="two", account_uuid=cloud.account.uuid, level="ERROR")
    for params, expected in (
        ({"type": "VM.STOP"}, ["two"]),
        ({"level": "ERROR"}, ["two"]),
        ({"keyword": "on"}, ["one"]),
        ({"startdate": "2001-01-01"}, ["two", "one"]),
        ({"enddate": "2001-01-01"}, []),
        ({"entrytime": 3600}, ["two", "one"]),
        ({"archived": True}, []),
        ({"page": 2, "pagesize": 1}, ["one"]),
        ({"resourceid": NOBODY}, []),
    ):
        shown = [event["description"] for event in cloud.api.items("listEvents", **params)]
        assert shown == expected, params
    for params in ({"startdate": "yesterday"}, {"startid": NOBODY}, {"entrytime": "x"}, {"resourceid": "x"}):
        assert refusal(cloud.api, "listEvents", **params).code == 431, params
    assert {"VM.START", "VM.CREATE", "VOLUME.CREATE"} <= {row["name"] for row in cloud.api.items("listEventTypes")}


def test_administrators_put_events_aside_and_delete_them(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    Event.objects.all().delete()
    mine = publish("VM.START", description="mine", account_uuid=cloud.account.uuid)
    theirs = publish("VM.STOP", description="theirs", account_uuid=cloud.lawyer_account.uuid)
    for command in ("archiveEvents", "deleteEvents"):
        assert refusal(cloud.api, command, ids=mine.uuid).code == 432
        assert refusal(cloud.sales_admin, command).code == 431
        assert refusal(cloud.sales_admin, command, ids=theirs.uuid).code == 431
    assert cloud.sales_admin.call("archiveEvents", ids=mine.uuid) == {"success": True}
    assert cloud.api.call("listEvents") == {}
    assert len(cloud.api.items("listEvents", archived=True)) == 1
    # Named by type they are those within reach.
    assert cloud.sales_admin.call("deleteEvents", startdate="2001-01-01") == {"success": True}
    assert [event.description for event in Event.objects.all()] == ["theirs"]
    cloud.admin.call("deleteEvents", type="VM.STOP")
    assert not Event.objects.exists()


# ---------------------------------------------------------------------------------------------- settings


def setting(cloud: Cloud, name: str, **params: Any) -> dict[str, Any]:
    [found] = cloud.admin.items("listConfigurations", name=name, **params)
    return found


def test_a_setting_is_listed_changed_and_reset(cloud: Cloud) -> None:
    shown = setting(cloud, "expunge.delay")
    assert (shown["value"], shown["defaultvalue"], shown["type"]) == ("86400", "86400", "Number")
    assert shown["description"] and shown["isdynamic"] is True
    changed = cloud.admin.call("updateConfiguration", name="expunge.delay", value="60")["configuration"]
    assert changed["value"] == setting(cloud, "expunge.delay")["value"] == "60"
    back = cloud.admin.call("resetConfiguration", name="expunge.delay")["configuration"]
    assert back["value"] == setting(cloud, "expunge.delay")["value"] == "86400"
    everything = cloud.admin.call("listConfigurations")
    assert everything["count"] == len({row["name"] for row in everything["configuration"]}) > 30
    words = {row["name"] for row in cloud.admin.items("listConfigurations", keyword="EXPUNGE")}
    assert "expunge.delay" in words and "vm.stop.timeout" not in words


def test_settings_of_a_zone_an_account_and_a_cluster(cloud: Cloud) -> None:
    place = {"zoneid": cloud.zone.uuid}
    cloud.admin.call("updateConfiguration", name="vm.stop.timeout", value="5", **place)
    assert setting(cloud, "vm.stop.timeout", **place)["value"] == "5"
    assert setting(cloud, "vm.stop.timeout")["value"] == "60"
    assert {row["scope"] for row in cloud.admin.items("listConfigurations", **place)} == {
        setting(cloud, "vm.stop.timeout")["scope"]
    }
    cloud.admin.call("resetConfiguration", name="vm.stop.timeout", **place)
    assert setting(cloud, "vm.stop.timeout", **place)["value"] == "60"
    assert not ConfigValue.objects.exclude(scope_uuid=None).exists()


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"name": "no.such.setting", "value": "1"}, "no.such.setting"),
        ({"name": "expunge.delay"}, "missing parameter value"),
        ({"value": "1"}, "missing parameter name"),
        ({"name": "expunge.delay", "value": "soon"}, "expunge.delay"),
        ({"name": "expunge.delay", "value": "-1"}, "expunge.delay"),
        ({"name": "vm.stop.timeout", "value": "99999"}, "vm.stop.timeout"),
        ({"name": "allow.user.expunge.recover.vm", "value": "perhaps"}, "allow.user.expunge.recover.vm"),
        ({"name": "vm.stop.timeout", "value": "5", "zoneid": NOBODY}, "zoneid"),
        ({"name": "expunge.delay", "value": ""}, "it is empty; resetConfiguration gives"),
    ],
)
def test_bad_values_are_refused(
    cloud: Cloud, refusal: Callable[..., ApiError], params: dict[str, Any], words: str
) -> None:
    before = list(ConfigValue.objects.values_list())
    error = refusal(cloud.admin, "updateConfiguration", **params)
    assert error.code == 431 and words in error.text, error.text
    assert list(ConfigValue.objects.values_list()) == before


def test_one_scope_at_a_time_and_only_where_it_fits(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    both = {"zoneid": cloud.zone.uuid, "accountid": cloud.account.uuid}
    assert refusal(cloud.admin, "updateConfiguration", name="vm.stop.timeout", value="5", **both).code == 431
    error = refusal(cloud.admin, "updateConfiguration", name="expunge.delay", value="5", zoneid=cloud.zone.uuid)
    assert error.code == 431 and "expunge.delay" in error.text
    for client in (cloud.api, cloud.sales_admin):
        assert refusal(client, "listConfigurations").code == 432
        assert refusal(client, "updateConfiguration", name="expunge.delay", value="5").code == 432


def test_a_new_limit_of_user_data_works_at_once(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    cloud.admin.call("updateConfiguration", name="vm.userdata.max.length", value="4")
    params = {
        "zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid, "serviceofferingid": cloud.offering.uuid,
        "networkids": cloud.network.uuid, "userdata": "QUFBQUE=",
    }  # fmt: skip
    error = refusal(cloud.api, "deployVirtualMachine", **params)
    assert error.code == 431 and "5 bytes long; at most 4" in error.text


# ---------------------------------------------------------------------------------------------- capabilities


def test_capabilities(cloud: Cloud) -> None:
    shown = cloud.api.call("listCapabilities")["capability"]
    assert shown["cloudstackversion"].startswith("4.") and shown["dynamicrolesenabled"] is True
    assert shown["allowuserexpungerecovervm"] is False and shown["customdiskofferingmaxsize"] == 1024
    cloud.admin.call("updateConfiguration", name="custom.diskoffering.size.max", value="77")
    assert cloud.api.call("listCapabilities")["capability"]["customdiskofferingmaxsize"] == 77
