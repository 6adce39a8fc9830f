"""From nothing to a zone that takes machines, by hand, in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from apps.infrastructure.models import Zone
from apps.infrastructure.states import AllocationState
from apps.network.models import Network
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"


def fill(page: Any, **fields: str) -> None:
    """By their labels, with blanks for underscores."""
    for label, text in fields.items():
        page.get_by_label(label.replace("_", " "), exact=False).first.fill(text)


def test_a_zone_is_set_up_and_a_machine_runs_in_it(window: Open, cloud: SimulatedCloud) -> None:
    view = window()
    page = view.page
    view.log_in()
    view.open("/admin/infrastructure/zone/")
    page.locator("#content").get_by_role("link", name="Set up a zone").click()
    assert "None. A zone needs" in page.locator("#content").inner_text()
    page.locator("#content").get_by_role("link", name="Set up a zone").click()

    basic = page.locator("select[name=networktype] option", has_text="Basic")
    assert basic.get_attribute("disabled") is not None and "not available" in basic.inner_text()
    fill(page, Name="north", First_resolver_of_guests="192.0.2.53", First_resolver_of_the_platform="not an address")
    view.shot("wizard-zone")
    page.get_by_role("button", name="Make the zone").click()
    wrong = page.locator("#id_internaldns1")
    assert wrong.get_attribute("aria-invalid") == "true" and wrong.input_value() == "not an address"
    assert page.locator("#id_name").input_value() == "north"
    view.forgive("400")
    view.shot("wizard-zone-refused")
    wrong.fill("192.0.2.54")
    page.get_by_role("button", name="Make the zone").click()

    page.get_by_role("heading", name="Physical networks").first.wait_for()
    fill(page, Numbers_for_guest_networks="6000-6999", Link_for_guest_traffic="eth1")
    page.get_by_role("button", name="Add the physical network").click()
    assert view.messages() == ["Physical network 1 is added."]
    view.shot("wizard-network")
    run_jobs()
    # Without a click: the page looks by itself.
    page.locator("#cs-live .cs-good", has_text="Enabled").wait_for()
    page.get_by_role("link", name="Go on: Pod").click()

    fill(page, Name="rack-1", Gateway="192.0.2.1", Netmask="255.255.255.0", First_address="192.0.2.10")
    fill(page, Last_address="192.0.2.50")
    page.get_by_role("button", name="Add the pod").click()
    shared = page.locator("#shared")
    fill(shared, Name="everybody", Number="4500", Gateway="10.70.0.1", First_address="10.70.0.20")
    fill(shared, Last_address="10.70.0.250")
    page.locator("#public summary").click()
    assert page.locator("#public").get_by_role("button", name="Add the addresses").is_disabled()
    view.shot("wizard-addresses")
    page.get_by_role("button", name="Add the shared network").click()
    page.get_by_role("link", name="Go on: Cluster").click()

    fill(page, Name="racks")
    page.get_by_label("Hypervisor").select_option("Simulator")
    page.get_by_role("button", name="Add the cluster").click()

    world.inject("host_facts", "fault:ssh: connect to host 192.0.2.11 port 22: No route to host", count=1)
    fill(page, Address="sim://rack-1/host-1", Password="never-kept")
    view.shot("wizard-host")
    page.get_by_role("button", name="Add the host").click()
    page.locator("#cs-live .cs-busy", has_text="Connecting").wait_for()
    view.shot("wizard-host-connecting")
    run_jobs()
    page.get_by_text("No route to host").wait_for()
    view.shot("wizard-host-failed")
    page.get_by_role("link", name="Mend and try again").click()
    view.shot("wizard-host-mend")
    page.get_by_role("button", name="Try again").click()
    run_jobs()
    page.locator("#cs-live .cs-good", has_text="Up").wait_for()
    view.shot("wizard-host-up")

    # Somewhere else, another day.
    page.get_by_role("link", name="Leave").click()
    view.shot("wizard-setups")
    phone = window(viewport=PHONE, color_scheme="dark")
    phone.log_in()
    phone.open("/admin/zone-setup/")
    phone.shot("wizard-setups-phone-dark")
    phone.page.get_by_role("link", name="Go on with north: Primary storage").click()
    page = phone.page
    page.get_by_label("Kind of storage").select_option("Simulator")
    fill(page, Name="disks", Path="/simulated/north")
    phone.shot("wizard-primary-phone-dark")
    page.get_by_role("button", name="Add the pool").click()
    run_jobs()
    page.locator("#cs-live .cs-good", has_text="Up").wait_for()
    page.get_by_role("link", name="Go on: Image storage").click()
    page.get_by_label("Kind of store").select_option("Simulator")
    fill(page, Address="sim://north/images")
    page.get_by_role("button", name="Add the store").click()
    page.get_by_role("link", name="Go on: Launch").click()
    launch = page.get_by_role("button", name="Launch the zone")
    assert launch.is_disabled()
    phone.shot("wizard-launch-waits-phone-dark")
    run_jobs()
    page.wait_for_function("!document.querySelector('#cs-live form button').disabled")
    assert phone.overflow_px() == 0
    view.open(page.url.removeprefix(phone.base))
    view.shot("wizard-launch")
    launch.click()
    page.get_by_text("is launched and takes machines").wait_for()
    phone.shot("wizard-launched-phone-dark")

    zone = Zone.objects.get(name="north")
    assert zone.allocation_state == AllocationState.ENABLED
    cloud.admin.call("copyTemplate", id=cloud.template.uuid, sourcezoneid=cloud.zone.uuid, destzoneids=zone.uuid)
    run_jobs()
    vm = cloud.deploy(zoneid=zone.uuid, networkids=Network.objects.get(name="everybody").uuid, name="first")
    run_jobs()
    job = AsyncJob.objects.get(uuid=vm["jobid"])
    assert VirtualMachine.objects.get(uuid=vm["id"]).state == VmState.RUNNING, job.error_text


def findings(view: Window) -> list[str]:
    """What axe finds serious or critical on the page."""
    view.page.evaluate(AXE.read_text())
    found = view.page.evaluate("axe.run(document.querySelector('#content')).then(answer => answer.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")])
def test_the_steps_fit_every_window(window: Open, size: dict[str, int], scheme: str) -> None:
    view = window(viewport=size, color_scheme=scheme)
    view.log_in()
    view.open("/admin/zone-setup/begin/")
    name = f"{'phone' if size is PHONE else 'desktop'}-{scheme}"
    view.shot(f"wizard-zone-{name}")
    assert view.overflow_px() == 0 and findings(view) == []
    page = view.page
    fill(page, Name="south", First_resolver_of_guests="192.0.2.53", First_resolver_of_the_platform="192.0.2.54")
    page.get_by_role("button", name="Make the zone").click()
    page.get_by_role("heading", name="Physical networks").first.wait_for()
    view.shot(f"wizard-network-{name}")
    assert view.overflow_px() == 0 and findings(view) == []
    page.get_by_role("navigation", name="Steps").get_by_role("link", name="Launch").click()
    page.get_by_role("heading", name="Checks").wait_for()
    view.shot(f"wizard-launch-{name}")
    assert view.overflow_px() == 0 and findings(view) == []
    view.open("/admin/zone-setup/")
    assert view.overflow_px() == 0 and findings(view) == []


def test_a_zone_is_begun_without_scripts(window: Open) -> None:
    view = window(java_script_enabled=False)
    view.log_in()
    view.open("/admin/zone-setup/begin/")
    page = view.page
    fill(page, Name="south", First_resolver_of_guests="192.0.2.53", First_resolver_of_the_platform="192.0.2.54")
    page.get_by_role("button", name="Make the zone").click()
    page.get_by_role("button", name="Add the physical network").click()
    assert page.get_by_role("link", name="Look again").is_visible()
    run_jobs()
    page.get_by_role("link", name="Look again").click()
    assert page.locator("#cs-live .cs-good", has_text="Enabled").is_visible()
