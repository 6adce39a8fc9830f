"""What an operator sees and does, in a real browser."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from cloudstack.framework.configuration import registry
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.testing.jobs import run_jobs
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]
VMS = "/admin/compute/virtualmachine/"
MOST_BYTES = 500_000


def deploy(cloud: SimulatedCloud, name: str) -> VirtualMachine:
    answer = cloud.deploy(name=name, diskofferingid=cloud.disk_offering.uuid)
    run_jobs()
    return VirtualMachine.objects.get(uuid=answer["id"])


def test_a_machine_is_stopped_and_its_job_followed(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "web-1")
    view = window()
    page = view.page
    view.log_in()
    assert page.locator(".cs-tile", has_text="Virtual machines").locator(".cs-total").inner_text() == "1"
    view.shot("index")

    page.locator("#content").get_by_role("link", name="Virtual machines").click()
    row = page.locator("#result_list tbody tr", has_text="web-1")
    assert row.locator(".cs-badge").inner_text() == "Running"
    assert vm.nics.get().ipv4 in row.inner_text()
    view.shot("machines")

    row.locator("input.action-select").check()
    page.locator("select[name=action]").select_option(label="Stop")
    view.shot("machines-chosen")
    page.get_by_role("button", name="Run", exact=True).click()
    assert view.messages() == ["Stop – web-1: job started"]
    page.get_by_role("link", name="job started").click()
    page.locator("#cs-live .cs-badge", has_text="pending").first.wait_for()
    view.shot("job-pending")
    run_jobs()
    # Without a click: the page looks by itself.
    page.locator("#cs-live [role=status] .cs-badge", has_text="succeeded").wait_for()
    assert page.locator("#cs-live progress").get_attribute("value") == "100"
    assert page.locator("#cs-live").get_attribute("data-live") == "0"
    view.shot("job-done")
    vm.refresh_from_db()
    assert vm.state == VmState.STOPPED

    view.open(f"{VMS}{vm.uuid}/change/")
    assert page.locator(".cs-bar .cs-badge").first.inner_text() == "Stopped"
    view.shot("machine")
    reboot = page.get_by_role("button", name="Reboot")
    page.locator(".cs-bar[data-live='0']").wait_for()
    assert reboot.is_disabled() and page.get_by_role("button", name="Start").is_enabled()
    page.get_by_text("Why not?").click()
    assert page.get_by_text("machine web-1 is Stopped; only a running one is rebooted").last.is_visible()
    view.shot("machine-refused")

    page.get_by_role("button", name="Destroy…").click()
    assert page.get_by_text("What happens: Destroy web-1").is_visible()
    page.get_by_label("Type web-1 to go on").fill("web")
    page.get_by_role("button", name="Destroy").click()
    assert page.get_by_role("alert").inner_text() == 'type "web-1", not "web"'
    view.forgive("400")
    view.shot("confirm")
    page.get_by_label("Type web-1 to go on").fill("web-1")
    page.get_by_role("button", name="Destroy").click()
    assert "job started" in view.messages()[0]
    run_jobs()
    vm.refresh_from_db()
    assert vm.state == VmState.DESTROYED


def test_a_machine_moves_to_the_host_that_is_chosen(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "mover")
    target = Host.objects.filter(cluster=vm.host.cluster).exclude(pk=vm.host_id).first()
    assert target is not None
    view = window()
    view.log_in()
    view.open(f"{VMS}{vm.pk}/change/")
    view.page.get_by_role("button", name="Migrate…").click()
    view.page.get_by_label("To host").select_option(str(target.uuid))
    view.shot("migrate")
    view.page.get_by_role("button", name="Migrate").click()
    assert view.messages() == ["Migrate – mover: job started"]
    run_jobs()
    vm.refresh_from_db()
    assert vm.host == target


def test_a_host_is_emptied_for_maintenance_and_comes_back(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "guest-1")
    host = vm.host
    view = window()
    page = view.page
    view.log_in()
    view.open(f"/admin/infrastructure/host/{host.pk}/change/")
    page.get_by_role("button", name="Put into maintenance…").click()
    view.shot("host-maintenance-plan")
    assert page.get_by_text(f"What happens: emptying host {host.name} for maintenance").is_visible()
    assert page.get_by_text("Move the machines away").count() == 1
    page.get_by_role("button", name="Put into maintenance").click()
    assert view.messages() == [f"Put into maintenance – {host.name}: job started"]
    run_jobs()
    vm.refresh_from_db()
    assert vm.state == VmState.RUNNING and vm.host != host
    view.open(f"/admin/infrastructure/host/{host.pk}/change/")
    page.locator(".cs-bar .cs-badge", has_text="Maintenance").first.wait_for()
    page.locator(".cs-bar[data-live='0']").wait_for()
    assert page.get_by_role("button", name="Put into maintenance").is_disabled()
    view.shot("host-maintenance")
    page.get_by_role("button", name="End the maintenance").click()
    view.messages()
    run_jobs()
    host.refresh_from_db()
    assert host.resource_state == "Enabled"


def test_a_failed_job_says_why_and_is_retried(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "unlucky")
    cloud.admin.call("configureSimulator", name="StopCommand", value="fault:the power button is stuck", count=50)
    cloud.admin.call("stopVirtualMachine", id=vm.uuid)
    run_jobs()
    job = AsyncJob.objects.latest("pk")
    assert job.status == AsyncJob.Status.FAILED
    view = window()
    view.log_in()
    assert view.page.locator(".cs-panel", has_text="Jobs that failed").get_by_text("Stop unlucky").count() == 1
    view.shot("index-failures")
    view.page.get_by_role("link", name="Stop unlucky").first.click()
    assert job.error_text in view.page.locator(".cs-error").inner_text()
    view.shot("job-failed")
    _forget_faults()
    view.page.get_by_role("button", name="Retry from the failed step").click()
    run_jobs()
    view.page.locator("#cs-live [role=status] .cs-badge", has_text="succeeded").wait_for()
    vm.refresh_from_db()
    assert vm.state == VmState.STOPPED


def _forget_faults() -> None:
    from django.apps import apps

    apps.get_model("simulator", "Fault")._default_manager.all().delete()


def test_a_setting_is_changed(window: Open, cloud: SimulatedCloud) -> None:
    view = window()
    page = view.page
    view.log_in()
    page.locator("#nav-sidebar summary", has_text="Settings").click()
    page.get_by_role("link", name="All settings").click()
    view.shot("settings")
    page.get_by_label("Search settings").fill("expunge.delay")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name="expunge.delay", exact=True).click()
    page.get_by_label("New value").fill("tomorrow")
    page.get_by_role("button", name="Save").click()
    assert "must be a whole number" in page.get_by_role("alert").inner_text()
    view.forgive("400")
    page.get_by_label("New value").fill("4321")
    page.get_by_role("button", name="Save").click()
    assert view.messages() == ["expunge.delay is set to 4321."]
    key = registry.get("expunge.delay")
    assert key is not None and key.value() == 4321
    history = page.get_by_role("region", name="History").locator("tbody tr")
    assert "operator" in history.first.inner_text() and "4321" in history.first.inner_text()
    view.shot("setting")
    page.get_by_role("button", name="Put back").click()
    assert view.messages() == ["expunge.delay has no value of its own again."]
    assert key.value() == key.initial and history.count() == 2


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("desktop", {"viewport": DESKTOP}),
        ("dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "has_touch": True, "is_mobile": True}),
        ("phone-dark", {"viewport": PHONE, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}),
    ],
)
def test_every_kind_of_page_fits_its_window(
    window: Open, cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch, name: str, look: dict[str, Any]
) -> None:
    vm = deploy(cloud, "web-1")
    AccountFactory(name="another")
    Host.objects.filter(pk=cloud.hosts[0].pk).update(status=HostStatus.ALERT, status_reason="no word for 90 s")
    monkeypatch.setitem(
        pm.statuses, "rotten", PluginStatus("rotten", enabled=False, error="there is no hook registr_x")
    )
    job = AsyncJob.objects.latest("pk")
    view = window(**look)
    view.open("/admin/login/")
    view.shot(f"{name}-login")
    view.log_in()
    pages = {
        "index": "/admin/",
        "machines": VMS,
        "machine": f"{VMS}{vm.pk}/change/",
        "network": f"/admin/network/network/{cloud.network.pk}/change/",
        "host": f"/admin/infrastructure/host/{vm.host_id}/change/",
        "own-password": "/admin/password_change/",
        "second-factor": "/admin/second-factor/",
        "job": f"/admin/jobs/asyncjob/{job.uuid}/change/",
        "jobs": "/admin/jobs/asyncjob/",
        "events": "/admin/events/event/",
        "hosts": "/admin/infrastructure/host/",
        "settings": "/admin/settings/",
        "setting": "/admin/settings/expunge.delay/",
        "schedule": "/admin/schedule/",
        "plugins": "/admin/plugins/",
    }
    wide = {}
    for label, path in pages.items():
        view.open(path)
        view.shot(f"{name}-{label}")
        if view.overflow_px() > 0:
            wide[label] = view.overflow_px()
    assert wide == {}
    assert "there is no hook registr_x" in view.page.content()


def test_the_keyboard_is_enough(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "web-1")
    view = window()
    view.log_in()
    view.open(f"{VMS}{vm.pk}/change/")
    # The first stop leads past the navigation.
    view.page.keyboard.press("Tab")
    assert view.page.evaluate("document.activeElement.innerText") == "Skip to main content"
    view.page.keyboard.press("Enter")
    for _ in range(10):
        view.page.keyboard.press("Tab")
        focused = view.page.evaluate("document.activeElement.innerText")
        if focused == "Stop":
            break
    else:
        pytest.fail("the button Stop is not reached by Tab")
    outline = view.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "one cannot see where the focus is"
    view.page.keyboard.press("Enter")
    assert view.messages() == ["Stop – web-1: job started"]


def test_the_palette_is_worked_by_the_keyboard(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "web-1")
    view = window()
    page = view.page
    view.log_in()
    box = page.locator("#search-input-command")

    def call() -> None:
        page.locator("html:not([x-cloak])").wait_for()
        page.keyboard.press("Control+k")
        page.wait_for_function("document.activeElement.id === 'search-input-command'")

    call()
    page.keyboard.type("web-")
    page.locator("#command-results-list").get_by_text("web-1").wait_for()
    view.shot("palette")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{VMS}{vm.pk}/change/")
    call()
    page.keyboard.type("zones")
    page.locator("#command-results-list").get_by_text("Zones").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/infrastructure/zone/")
    call()
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")


def test_colours_stay_as_they_were_chosen(window: Open, cloud: SimulatedCloud) -> None:
    view = window(color_scheme="light")
    page = view.page
    view.log_in()

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.querySelector('#main')).backgroundColor"))

    light = ground()
    page.locator(".cs-user > summary").click()
    page.get_by_role("button", name="Dark").click()
    page.locator("html.dark").wait_for()
    view.shot("user-menu")
    dark = ground()
    view.open("/admin/settings/")
    assert ground() == dark != light
    assert page.get_by_role("button", name="Dark", include_hidden=True).get_attribute("aria-pressed") == "true"


def test_the_navigation_opens_on_a_phone(window: Open, cloud: SimulatedCloud) -> None:
    view = window(viewport=PHONE, has_touch=True, is_mobile=True)
    page = view.page
    view.log_in()
    machines = page.locator("#nav-sidebar").get_by_role("link", name="Virtual machines")
    assert not machines.is_visible()
    page.get_by_role("button", name="The navigation").tap()
    page.locator("#nav-sidebar summary", has_text="Compute").tap()
    view.shot("phone-navigation")
    machines.tap()
    page.wait_for_url(f"**{VMS}")
    assert page.locator("#nav-sidebar").is_hidden()


def test_several_machines_are_followed_in_one_view(window: Open, cloud: SimulatedCloud) -> None:
    for number in range(3):
        deploy(cloud, f"web-{number}")
    view = window()
    page = view.page
    view.log_in()
    view.open(VMS)
    page.get_by_label("Select all rows").or_(page.locator("#action-toggle")).first.check()
    page.locator("select[name=action]").select_option(label="Stop")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("0 of 3 ended").wait_for()
    run_jobs()
    page.get_by_text("3 of 3 ended").wait_for()
    view.shot("batch")
    assert set(VirtualMachine.objects.values_list("state", flat=True)) == {VmState.STOPPED}


def test_without_scripts_pages_can_be_read_and_worked(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "web-1")
    view = window(java_script_enabled=False)
    page = view.page
    view.log_in()
    assert page.locator("#nav-sidebar summary", has_text="Compute").is_visible()
    view.open(f"{VMS}{vm.pk}/change/")
    view.shot("no-script")
    page.get_by_role("button", name="Stop", exact=True).click()
    assert view.messages() == ["Stop – web-1: job started"]


def test_pages_weigh_little(window: Open, cloud: SimulatedCloud) -> None:
    """Bytes as they are sent: texts as gzip packs them, fonts and pictures as they are."""
    deploy(cloud, "web-1")
    view = window()
    view.log_in()
    heavy = {}
    for path in ("/admin/", VMS, "/admin/settings/"):
        sizes: dict[str, int] = {}

        def note(answer: Any, sizes: dict[str, int] = sizes) -> None:
            body = answer.body()
            packed = answer.url.endswith((".woff2", ".png"))
            sizes[answer.url] = len(body) if packed else len(gzip.compress(body))

        context = view.page.context
        fresh = context.browser.new_context(storage_state=context.storage_state())
        page = fresh.new_page()
        page.on("response", note)
        page.goto(view.base + path, wait_until="networkidle")
        fresh.close()
        if sum(sizes.values()) > MOST_BYTES:
            heavy[path] = sum(sizes.values()), sizes
    assert heavy == {}
