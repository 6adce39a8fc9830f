"""Operators act through the admin as through the API: jobs are submitted, refusals say why, no rule is passed by."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from cloudstack.framework.configuration import registry as settings_registry
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.context import RoleType
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob, JobLock
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.framework.scheduler.models import ScheduledRun
from cloudstack.testing.jobs import run_jobs, worker_died
from tests.support.cloud import SimulatedCloud, check_invariants

VMS = "/admin/compute/virtualmachine/"
JOBS = "/admin/jobs/asyncjob/"


def vm_of(uuid: str) -> VirtualMachine:
    return VirtualMachine.all_objects.get(uuid=uuid)


def choose(client: Client, action: str, *uuids: str, **more: Any) -> Any:
    keys = [vm_of(uuid).pk for uuid in uuids]
    return client.post(VMS, {"action": action, "_selected_action": keys, **more})


def said(client: Client, response: Any) -> list[str]:
    """The messages on the page that follows, or what the view of a bulk operation says of each object."""
    page = client.get(response["Location"])
    if "rows" in page.context:
        return [f"{row['about']}: {row['says']} {row['link']}" for row in page.context["rows"]]
    return [str(message) for message in page.context["messages"]]


def test_the_list_shows_machines_and_finds_them(operator: Client, machines: list[str]) -> None:
    vm = vm_of(machines[0])
    address = vm.nics.get().ipv4
    html = operator.get(VMS).content.decode()
    for text in (vm.name, address, vm.account.name, vm.zone.name, vm.host.name, vm.service_offering.name):
        assert text in html
    assert '<span class="cs-badge cs-good">Running</span>' in html
    for term in (address, machines[0], vm.name):
        rows = operator.get(VMS, {"q": term}).context["cl"].result_list
        assert [row.pk for row in rows] == [vm.pk], term
    assert len(operator.get(VMS, {"state__exact": "Running"}).context["cl"].result_list) == 3
    assert len(operator.get(VMS, {"state__exact": "Stopped"}).context["cl"].result_list) == 0
    assert len(operator.get(VMS, {"hypervisor": "Simulator"}).context["cl"].result_list) == 3


def test_stop_start_reboot_as_actions(operator: Client, machines: list[str]) -> None:
    answer = choose(operator, "stopVirtualMachine", *machines[:2])
    job = AsyncJob.objects.filter(command="stopVirtualMachine").latest("pk")
    assert job.user.username == "operator"
    assert any(f"/admin/jobs/asyncjob/{job.uuid}/change/" in text for text in said(operator, answer))
    run_jobs()
    assert [vm_of(uuid).state for uuid in machines] == [VmState.STOPPED, VmState.STOPPED, VmState.RUNNING]
    choose(operator, "startVirtualMachine", machines[0])
    choose(operator, "rebootVirtualMachine", machines[2])
    run_jobs()
    assert [vm_of(uuid).state for uuid in machines] == [VmState.RUNNING, VmState.STOPPED, VmState.RUNNING]
    check_invariants()


def test_a_refusal_says_why_and_the_others_go_on(operator: Client, machines: list[str]) -> None:
    answer = choose(operator, "startVirtualMachine", *machines[:1])
    assert said(operator, answer) == ["Start – web-0: machine web-0 is Running, not Stopped"]
    assert "job started" in said(operator, choose(operator, "stopVirtualMachine", machines[0]))[0]
    run_jobs()
    texts = said(operator, choose(operator, "startVirtualMachine", *machines[:2]))
    assert len(texts) == 2 and any("machine web-1 is Running" in text for text in texts)
    run_jobs()
    assert vm_of(machines[0]).state == VmState.RUNNING


def test_what_cannot_be_taken_back_is_asked_first(operator: Client, machines: list[str]) -> None:
    page = choose(operator, "destroyVirtualMachine", machines[0])
    html = page.content.decode()
    assert page.status_code == 200 and "web-0" in html
    # What would happen, and that nothing did.
    assert "What happens: Destroy web-0" in html and not AsyncJob.objects.filter(command__startswith="destroy").exists()
    assert vm_of(machines[0]).state == VmState.RUNNING
    for typed in ("", "web-1", "WEB-0"):
        refused = choose(operator, "destroyVirtualMachine", machines[0], confirmed="1", typed=typed)
        assert refused.status_code == 400 and "type &quot;web-0&quot;" in refused.content.decode(), typed
    assert vm_of(machines[0]).state == VmState.RUNNING
    choose(operator, "destroyVirtualMachine", machines[0], confirmed="1", typed="web-0")
    run_jobs()
    assert vm_of(machines[0]).state == VmState.DESTROYED
    choose(operator, "recoverVirtualMachine", machines[0])
    assert vm_of(machines[0]).state == VmState.STOPPED
    choose(operator, "destroyVirtualMachine", machines[0], confirmed="1", typed="web-0")
    run_jobs()
    final = choose(operator, "expungeVirtualMachine", machines[0]).content.decode()
    assert "Cannot be undone." in final
    choose(operator, "expungeVirtualMachine", machines[0], confirmed="1", typed="web-0")
    run_jobs()
    assert vm_of(machines[0]).removed is not None
    check_invariants()


def test_migration_asks_where_to(operator: Client, machines: list[str]) -> None:
    vm = vm_of(machines[0])
    page = choose(operator, "migrateVirtualMachine", machines[0])
    html = page.content.decode()
    hosts = Host.objects.filter(cluster=vm.host.cluster).exclude(pk=vm.host_id)
    assert str(vm.host.uuid) not in html and all(str(host.uuid) in html for host in hosts)
    target = hosts.first()
    choose(operator, "migrateVirtualMachine", machines[0], confirmed="1", hostid=str(target.uuid))
    run_jobs()
    assert vm_of(machines[0]).host == target
    choose(operator, "migrateVirtualMachine", machines[0], confirmed="1", hostid="")
    run_jobs()
    assert vm_of(machines[0]).host != target
    check_invariants()


def test_a_new_name_is_written(operator: Client, machines: list[str]) -> None:
    html = choose(operator, "updateVirtualMachine", machines[0]).content.decode()
    assert re.search(r'<input [^>]*type="text" id="id_displayname" name="displayname"[^>]* required>', html)
    done = choose(operator, "updateVirtualMachine", machines[0], confirmed="1", displayname="web")
    assert vm_of(machines[0]).display_name == "web", said(operator, done)
    choose(operator, "updateVirtualMachine", machines[0], confirmed="1", displayname="")
    assert vm_of(machines[0]).display_name == "web", "nothing was answered"


def test_buttons_on_the_page_of_a_machine(operator: Client, machines: list[str]) -> None:
    vm = vm_of(machines[0])
    url = f"{VMS}{vm.pk}/change/"
    html = operator.get(url).content.decode()
    assert "Network cards" in html and vm.nics.get().mac in html
    assert f"DATA-{vm.uuid}" in html and f"ROOT-{vm.uuid}" in html
    assert "Recent jobs" in html and f"Deploy {vm.name}" in html and "VM.CREATE" in html
    stop = f"{VMS}{vm.pk}/run/stopVirtualMachine_True/"
    assert stop in html
    assert operator.get(stop).status_code == 405
    asked = operator.post(stop)
    assert asked.status_code == 200 and b"Stop forced" in asked.content
    assert operator.post(stop, {"confirmed": "1"})["Location"] == url
    run_jobs()
    assert vm_of(machines[0]).state == VmState.STOPPED
    assert operator.post(f"{VMS}{vm.pk}/run/nonsense/").status_code == 404
    assert operator.post(f"{VMS}999999/run/stopVirtualMachine/").status_code == 404
    assert Client().post(stop, {"confirmed": "1"}).status_code == 302


def test_a_button_needs_the_token_against_forgery(cloud: SimulatedCloud, operator: Client, machines: list[str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    vm = vm_of(machines[0])
    assert strict.post(f"{VMS}{vm.pk}/run/stopVirtualMachine/").status_code == 403
    assert strict.post(VMS, {"action": "stopVirtualMachine", "_selected_action": [vm.pk]}).status_code == 403


def test_hostile_names_are_only_text(operator: Client, machines: list[str]) -> None:
    VirtualMachine.objects.filter(uuid=machines[0]).update(display_name="<script>x()</script>")
    AsyncJob.objects.update(description="<b>y</b>", error_text="<i>z</i>")
    Event.objects.update(description="<u>w</u>")
    vm = vm_of(machines[0])
    job = AsyncJob.objects.latest("pk")
    for url in (VMS, f"{VMS}{vm.pk}/change/", JOBS, f"{JOBS}{job.uuid}/change/", f"{JOBS}{job.uuid}/live/", "/admin/"):
        html = operator.get(url).content.decode()
        for hostile in ("<script>x", "<b>y", "<i>z", "<u>w"):
            assert hostile not in html, url


def test_a_jobs_page_shows_steps_and_what_it_waits_for(operator: Client, machines: list[str]) -> None:
    choose(operator, "stopVirtualMachine", machines[0])
    choose(operator, "rebootVirtualMachine", machines[0])
    first, second = AsyncJob.objects.order_by("-pk")[:2][::-1]
    html = operator.get(f"{JOBS}{second.uuid}/change/").content.decode()
    assert "Waits for" in html and f"{JOBS}{first.uuid}/change/" in html
    assert 'data-live="1"' in html
    live = f"{JOBS}{first.uuid}/live/"
    assert operator.get(live)["X-Live"] == "1"
    run_jobs()
    answer = operator.get(live)
    assert answer["X-Live"] == "0" and b"succeeded" in answer.content
    for step in first.steps.all():
        assert step.title in answer.content.decode()
    assert Client().get(live).status_code == 302


def test_cancel_and_retry(operator: Client, machines: list[str]) -> None:
    choose(operator, "stopVirtualMachine", machines[0])
    job = AsyncJob.objects.latest("pk")
    assert f"{JOBS}{job.pk}/run/cancel/" in operator.get(f"{JOBS}{job.uuid}/change/").content.decode()
    assert "Cancel" in said(operator, operator.post(f"{JOBS}{job.pk}/run/cancel/"))[0]
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.CANCELLED
    assert vm_of(machines[0]).state == VmState.RUNNING
    again = operator.post(JOBS, {"action": "cancel", "_selected_action": [job.pk]})
    assert "cannot be cancelled" in said(operator, again)[0]
    operator.post(f"{JOBS}{job.pk}/run/retry/")
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.SUCCEEDED
    assert vm_of(machines[0]).state == VmState.STOPPED
    assert not JobLock.objects.exists()


def test_an_abandoned_job_shows_as_running(operator: Client, machines: list[str]) -> None:
    job = AsyncJob.objects.latest("pk")
    AsyncJob.objects.filter(pk=job.pk).update(status="running", completed=None)
    worker_died()
    assert b"cs-busy" in operator.get(f"{JOBS}{job.uuid}/live/").content


def test_jobs_are_found_by_workflow_and_by_their_object(operator: Client, machines: list[str]) -> None:
    found = operator.get(JOBS, {"q": machines[0]}).context["cl"].result_list
    assert {str(job.resource_uuid) for job in found} == {machines[0]}
    assert len(operator.get(JOBS, {"workflow": "compute.vm.deploy"}).context["cl"].result_list) == 3


def test_the_first_page_says_how_the_cloud_is(
    operator: Client, machines: list[str], monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    Host.objects.filter(pk=Host.objects.first().pk).update(status=HostStatus.DOWN, status_reason="no answer for 90 s")
    job = AsyncJob.objects.latest("pk")
    AsyncJob.objects.filter(pk=job.pk).update(status="failed", error_text="the pool is full")
    old = AsyncJob.objects.earliest("pk")
    AsyncJob.objects.filter(pk=old.pk).update(
        status="failed", error_text="long ago", created=timezone.now() - timedelta(days=3)
    )
    monkeypatch.setitem(pm.statuses, "rotten", PluginStatus("rotten", enabled=False, error="hooks.py: SyntaxError"))
    # None of them twice. What other tests may have left in memory is read, too: settings, rules of the role, counts.
    cache.clear()
    store.forget()
    forget_rules()
    with django_assert_max_num_queries(34):
        html = operator.get("/admin/").content.decode()
    for text in ("no answer for 90 s", "the pool is full", "rotten", "SyntaxError", "Hosts that are not Up (1)"):
        assert text in html
    assert "long ago" not in html
    tiles = dict(re.findall(r'<h2><a href="[^"]*">([^<]*)</a></h2>\s*<div class="cs-total">(\d+)', html))
    assert tiles == {"Virtual machines": "3", "Volumes": "6", "Hosts": "4", "Jobs under way": "0"}


def test_every_setting_is_listed_and_can_be_changed(operator: Client, cloud: SimulatedCloud) -> None:
    html = operator.get("/admin/settings/").content.decode()
    for key in settings_registry.all_keys():
        assert f'href="/admin/settings/{key.name}/"' in html
        assert operator.get(f"/admin/settings/{key.name}/").status_code == 200, key.name
    delay = settings_registry.get("expunge.delay")
    assert operator.post("/admin/settings/expunge.delay/", {"value": "77", "do": "save"}).status_code == 302
    assert delay.value() == 77
    assert "expunge.delay" in operator.get("/admin/settings/", {"changed": "1"}).content.decode()
    assert Event.objects.filter(type="CONFIGURATION.VALUE.EDIT", user__username="operator").exists()
    refused = operator.post("/admin/settings/expunge.delay/", {"value": "soon", "do": "save"})
    assert refused.status_code == 400
    assert "must be a whole number" in refused.content.decode() and 'value="soon"' in refused.content.decode()
    assert delay.value() == 77
    operator.post("/admin/settings/expunge.delay/", {"do": "reset"})
    assert delay.value() == delay.default
    assert operator.get("/admin/settings/no.such/").status_code == 404


def test_a_setting_of_one_zone(operator: Client, cloud: SimulatedCloud) -> None:
    key = next(key for key in settings_registry.all_keys() if key.scope == "zone" and key.type in (int, float))
    url = f"/admin/settings/{key.name}/"
    value = key.text(key.type(key.default + 1 if key.maximum is None or key.default < key.maximum else key.default - 1))
    assert operator.post(url, {"value": value, "scope_uuid": str(cloud.zone.uuid), "do": "save"}).status_code == 302
    assert key.text(key.value(cloud.zone.uuid)) == value
    assert key.value() == key.default
    assert operator.post(url, {"value": value, "scope_uuid": "nonsense", "do": "save"}).status_code == 400
    operator.post(url, {"scope_uuid": str(cloud.zone.uuid), "do": "reset"})
    assert not ConfigValue.objects.exists()


def test_a_restricted_root_admin_sees_none_of_our_pages(cloud: SimulatedCloud) -> None:
    role = RoleFactory(type=RoleType.ADMIN)
    root = UserFactory(account=AccountFactory(root_admin=True)).account.domain
    UserFactory(username="reader", account=AccountFactory(role=role, domain=root))
    client = Client()
    assert client.login(username="reader", password=PASSWORD)
    first = client.get("/admin/")
    assert first.status_code == 200 and "tiles" not in first.context
    for path in ("/admin/schedule/", "/admin/plugins/"):
        assert client.get(path).status_code == 403, path


def test_the_schedule_lists_all_and_runs_one(operator: Client, celery_eager: None) -> None:
    html = operator.get("/admin/schedule/").content.decode()
    assert "jobs.sweep" in html
    for expected in (1, 2):
        assert operator.post("/admin/schedule/", {"name": "jobs.sweep"}).status_code == 302
        assert ScheduledRun.objects.get(name="jobs.sweep").runs == expected
    row = ScheduledRun.objects.get(name="jobs.sweep")
    operator.post("/admin/scheduler/scheduledrun/", {"action": "run_now", "_selected_action": [row.pk]})
    assert ScheduledRun.objects.get(name="jobs.sweep").runs == 3
    refused = operator.post("/admin/schedule/", {"name": "no.such"}, follow=True)
    assert "no periodic job is named" in refused.content.decode()


def test_plugins_are_listed_with_their_faults(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pm.statuses, "rotten", PluginStatus("rotten", enabled=False, error="has no hooks.py"))
    html = operator.get("/admin/plugins/").content.decode()
    assert "has no hooks.py" in html
    for name, status in pm.statuses.items():
        assert name in html and status.version in html
        assert all(hook in html.replace("<wbr>", "") for hook in status.hooks)


def test_a_setting_that_is_secret_is_never_shown(operator: Client, settings: Any) -> None:
    from cloudstack.framework.configuration.store import conceal

    secret = next((key for key in settings_registry.all_keys() if key.secret), None)
    if secret is None:
        ConfigValue.objects.create(name="gone.secret", value=_concealed("hush"))
    else:
        ConfigValue.objects.create(name=secret.name, value=conceal(secret, "hush"))
    for url in ("/admin/configuration/configvalue/", "/admin/settings/"):
        html = operator.get(url).content.decode()
        assert "hush" not in html and "enc1:" not in html
    assert "****" in operator.get("/admin/configuration/configvalue/").content.decode()


def _concealed(text: str) -> str:
    from cloudstack.framework.secrets import encrypt

    return encrypt(text)


def test_ones_own_password_goes_through_the_manager(operator: Client, cloud: SimulatedCloud) -> None:
    page = "/admin/password_change/"
    assert operator.get(page).status_code == 200
    new = {"new_password1": "a much newer one", "new_password2": "a much newer one"}
    assert operator.post(page, {"old_password": "wrong", **new}).status_code == 200
    assert operator.post(page, {"old_password": PASSWORD, **new}).status_code == 302
    # Still logged in, and the event tells what happened without the password.
    assert operator.get("/admin/").status_code == 200
    event = Event.objects.filter(type="USER.UPDATE").latest("pk")
    assert event.user.username == "operator" and "newer" not in event.description
    assert Client().login(username="operator", password="a much newer one")


def test_one_view_follows_all_that_a_bulk_operation_started(operator: Client, machines: list[str]) -> None:
    choose(operator, "stopVirtualMachine", machines[0])
    run_jobs()
    page = choose(operator, "stopVirtualMachine", *machines)["Location"]
    view = operator.get(page)
    assert view.status_code == 200 and view.context["total"] == 3
    refused = next(row for row in view.context["rows"] if row["about"] == "web-0")
    assert refused["failed"] and "web-0 is Stopped" in refused["says"]
    live = operator.get(page, {"live": "1"})
    assert live["X-Live"] == "1" and b"<html" not in live.content
    run_jobs()
    live = operator.get(page, {"live": "1"})
    assert live["X-Live"] == "0" and live.context["ended"] == 3 and live.context["failed"] == 1
    stranger = Client()
    UserFactory(username="second", account=AccountFactory(root_admin=True))
    assert stranger.login(username="second", password=PASSWORD)
    assert stranger.get(page).status_code == 404
    for _ in range(5):
        choose(operator, "startVirtualMachine", *machines)
    assert operator.get(page).status_code == 404


def test_what_is_not_possible_now_is_told_by_the_bar(operator: Client, machines: list[str]) -> None:
    vm = vm_of(machines[0])
    url = f"{VMS}{vm.pk}/operations/"

    def refusals() -> dict[str, str]:
        buttons = operator.get(url).context["cloud_page"]["buttons"]
        return {button["command"].label: button["refusal"] for button in buttons}

    told = refusals()
    assert not told["Stop"] and not told["Reboot"] and not told["Migrate"] and not told["Destroy"]
    assert "is Running, not Stopped" in told["Start"] and told["Recover"] and told["Expunge"]
    before = AsyncJob.objects.count(), Event.objects.count()
    html = operator.get(url).content.decode()
    assert html.count(" disabled ") == 3 and "is Running, not Stopped" in html
    assert (AsyncJob.objects.count(), Event.objects.count()) == before
    choose(operator, "stopVirtualMachine", machines[0])
    # While a job works on it only the state is followed.
    assert operator.get(url)["X-Live"] == "1" and set(refusals().values()) == {""}
    run_jobs()
    assert operator.get(url)["X-Live"] == "0"
    assert not refusals()["Start"] and refusals()["Stop"]
    assert operator.get(f"{VMS}999999/operations/").status_code == 404
    assert Client().get(url).status_code == 302
