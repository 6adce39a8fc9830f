"""The browsable API, used by hand in a real browser."""

from collections.abc import Callable

from apps.accounts.factories import PASSWORD, UserFactory
from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from cloudstack.testing.jobs import run_jobs
from tests.browser.conftest import PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]
BASE = "/api/v1"


def log_in(view: Window, cloud: SimulatedCloud) -> None:
    """As a user of the tenant: no administrator."""
    user = UserFactory(username="tess", account=cloud.account)
    view.open(f"{BASE}/login?next={BASE}/virtual-machines")
    view.page.get_by_label("User name").fill(f"tess@{user.account.domain.path.strip('/')}")
    view.page.get_by_label("Password").fill(PASSWORD)
    view.page.keyboard.press("Enter")
    view.page.get_by_role("heading", name="virtual-machines").wait_for()


def test_a_tenant_makes_finds_stops_and_renames_a_machine(window: Open, cloud: SimulatedCloud) -> None:
    view = window()
    page = view.page
    log_in(view, cloud)
    page.get_by_text("Deploy virtual machine").first.click()
    form = page.locator("form[data-method=POST]")
    assert form.locator(".field", has_text="zoneid").first.locator(".mark").count() == 1
    form.get_by_label("zoneid").select_option(label=cloud.zone.name)
    form.get_by_label("templateid").select_option(label=cloud.template.name)
    form.get_by_label("serviceofferingid").select_option(label=cloud.offering.name)
    form.get_by_label("networkids").select_option(label=cloud.network.name)
    form.get_by_label("name", exact=True).fill("by-hand")
    page.get_by_role("button", name="Show the plan").click()
    page.get_by_text("nothing has been changed").wait_for()
    assert not VirtualMachine.objects.exists()
    # What was planned is still written there.
    form.get_by_role("button", name="Deploy virtual machine").click()
    page.get_by_role("link", name="Follow the job").click()
    page.locator(".state", has_text="pending").wait_for()
    run_jobs()
    # Without a click: the page looks by itself.
    page.locator(".state", has_text="succeeded").wait_for()
    page.get_by_role("link", name="Open what the job was about").click()
    page.locator("h1", has_text="by-hand").wait_for()
    view.shot("rest-machine")

    page.get_by_text("Update virtual machine").first.click()
    page.locator("form[data-method=PATCH]").get_by_label("displayname").fill("renamed")
    page.get_by_role("button", name="Update virtual machine").click()
    page.locator("h1", has_text="renamed").wait_for()
    page.reload()
    page.get_by_role("link", name="stop", exact=True).click()
    page.get_by_role("button", name="Stop virtual machine").click()
    page.get_by_role("link", name="Follow the job").wait_for()
    run_jobs()
    assert VirtualMachine.objects.get().state == VmState.STOPPED


def test_filters_pages_and_a_keyboard(window: Open, cloud: SimulatedCloud) -> None:
    for number in range(3):
        cloud.deploy(name=f"web-{number}")
    run_jobs()
    view = window(color_scheme="dark")
    page = view.page
    log_in(view, cloud)
    assert page.locator("tbody tr").count() == 3
    page.locator("summary", has_text="Filters").focus()
    page.keyboard.press("Enter")
    page.get_by_label("name", exact=True).first.fill("web-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/virtual-machines?name=web-1")
    assert page.locator("tbody tr").count() == 1
    view.open(f"{BASE}/virtual-machines?pagesize=2")
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Previous").wait_for()
    assert page.locator("tbody tr").count() == 1
    view.shot("rest-dark")


def test_a_mistake_stands_at_its_field(window: Open, cloud: SimulatedCloud) -> None:
    view = window(viewport=PHONE)
    page = view.page
    log_in(view, cloud)
    view.open(f"{BASE}/ssh-key-pairs")
    page.get_by_text("Create SSH key pair").first.click()
    page.get_by_role("button", name="Create SSH key pair").click()
    field = page.locator(".field.wrong", has=page.get_by_label("name"))
    field.locator(".mistake").wait_for()
    assert field.locator("input").get_attribute("aria-invalid") == "true"
    view.shot("rest-mistake")
    assert view.overflow_px() == 0
    view.open(f"{BASE}/virtual-machines")
    assert view.overflow_px() == 0
    # The refusal itself is logged by the browser as an error of the network.
    view.errors[:] = [text for text in view.errors if "400" not in text]
