"""Alerts: raised by what happens and by figures, listed, mailed, settled."""

from typing import Any

import pytest
from django.core import mail

from apps.infrastructure.models import Host
from apps.infrastructure.services.host_state import HOST_STATUS
from apps.notifications.services import alert_mail, capacity_alerts
from cloudstack.framework.alerts.models import Alert
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.api.notifications.conftest import People
from tests.support.cloud import build_cloud


def setting(name: str, value: str) -> None:
    ConfigValue.objects.create(name=name, scope="global", scope_uuid="", value=value)
    store.forget()


def test_a_host_that_is_lost_is_an_alert(people: People) -> None:
    build_cloud(hosts=1, clusters=1)
    host = Host.objects.get()
    HOST_STATUS.fire(host, "ping_timeout", status_reason="no answer for 60 s")
    [alert] = people.root.items("listAlerts", type=6)
    assert alert["name"] == host.name and "no answer for 60 s" in alert["description"]


def test_the_same_thing_is_one_alert_seen_again(people: People) -> None:
    first = raise_alert(AlertType.CPU, "zone-1: CPU", description="80 %", repeated=True)
    raise_alert(AlertType.CPU, "zone-1: CPU", description="90 %", repeated=True)
    raise_alert(AlertType.CPU, "zone-2: CPU", description="80 %", repeated=True)
    rows = people.root.items("listAlerts")
    assert {row["name"]: row["description"] for row in rows} == {"zone-1: CPU": "90 %", "zone-2: CPU": "80 %"}
    assert Alert.objects.get(pk=first.pk).times_seen == 2
    people.root.call("archiveAlerts", ids=str(first.uuid))
    raise_alert(AlertType.CPU, "zone-1: CPU", description="95 %", repeated=True)
    assert len(people.root.items("listAlerts")) == 2, "a settled one comes anew"


def test_capacity_that_runs_out(people: People) -> None:
    cloud = build_cloud(hosts=1, clusters=1)
    before = capacity_alerts.check()
    setting("cluster.memory.allocated.capacity.notificationthreshold", "0.0001")
    cloud.deploy(cloud.admin)
    run_jobs()
    assert capacity_alerts.check() == before + 1
    [alert] = people.root.items("listAlerts", type=0)
    assert "memory that is promised" in alert["description"] and cloud.zone.name in alert["name"]
    capacity_alerts.check()
    assert len(people.root.items("listAlerts", type=0)) == 1


def test_alerts_are_mailed_once(people: People) -> None:
    raise_alert(AlertType.HOST, "host-1", description="is gone")
    assert alert_mail.mail_new() == 0, "nobody wants mail"
    setting("alert.email.addresses", "ops@example.org, night@example.org")
    raise_alert(AlertType.HOST, "host-2", description="is gone too")
    assert alert_mail.mail_new() == 2
    [message] = mail.outbox
    assert message.to == ["ops@example.org", "night@example.org"]
    assert "host-1" in message.body and "host-2: is gone too" in message.body
    assert alert_mail.mail_new() == 0
    raise_alert(AlertType.HOST, "host-1", description="is gone again")
    assert alert_mail.mail_new() == 1


def test_a_mail_server_that_is_away_is_asked_again(people: People, monkeypatch: Any) -> None:
    setting("alert.email.addresses", "ops@example.org")
    raise_alert(AlertType.HOST, "host-1", description="is gone")

    def refuse(*args: Any) -> None:
        raise ConnectionRefusedError("no mail today")

    with monkeypatch.context() as patched:
        patched.setattr(alert_mail, "send_mail", refuse)
        assert alert_mail.mail_new() == 0
    assert alert_mail.mail_new() == 1


def test_written_settled_and_deleted_by_hand(people: People) -> None:
    cloud = build_cloud(hosts=1, clusters=1)
    people.root.call("generateAlert", type=13, name="works", description="at night", zoneid=cloud.zone.uuid)
    run_jobs()
    [alert] = people.root.items("listAlerts", name="works")
    assert (alert["type"], alert["description"]) == (13, "at night")
    with pytest.raises(ApiError, match="no kind of alert 99"):
        people.root.call("generateAlert", type=99, name="x", description="y")
    with pytest.raises(ApiError, match="give ids, type, startdate or enddate"):
        people.root.call("deleteAlerts")
    people.root.call("deleteAlerts", type=13)
    assert people.root.items("listAlerts", name="works") == []
    names = {row["alerttypeid"]: row["name"] for row in people.root.items("listAlertTypes")}
    assert names[6] == "ALERT.COMPUTE.HOST" and len(names) == 29


def test_alerts_are_not_for_tenants(people: People) -> None:
    alert = raise_alert(AlertType.HOST, "host-1", description="is gone")
    for api in (people.api, people.admin):
        for command, params in (("listAlerts", {}), ("deleteAlerts", {"ids": str(alert.uuid)})):
            with pytest.raises(ApiError) as caught:
                api.call(command, **params)
            assert caught.value.code == 432
    assert Alert.objects.exists()
