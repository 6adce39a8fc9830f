"""A user serves himself in a real browser."""

from collections.abc import Callable

import pytest

from apps.accounts.factories import PASSWORD, UserFactory
from apps.accounts.models import User
from apps.infrastructure.models import Zone
from cloudstack.testing.jobs import run_jobs
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud


def sign_in(window: Window, user: User) -> None:
    window.open("/")
    window.page.get_by_label("User name").fill(f"{user.username}@{user.account.domain.path.strip('/')}")
    window.page.get_by_label("Password").fill(PASSWORD)
    window.page.get_by_role("button", name="Sign in").click()
    window.page.get_by_role("heading", level=1, name="Overview").wait_for()


def test_a_user_finds_his_machines(window: Callable[..., Window], cloud: SimulatedCloud) -> None:
    anna = UserFactory(username="anna", account=cloud.account)
    cloud.deploy(displayname="web-1")
    run_jobs()
    mine = window()
    sign_in(mine, anna)
    mine.shot("portal-home")
    mine.page.get_by_role("link", name="Instances").click()
    mine.page.get_by_role("link", name="web-1").wait_for()
    mine.shot("portal-list")
    mine.page.get_by_role("link", name="web-1").click()
    mine.page.get_by_role("button", name="Stop").wait_for()
    mine.page.get_by_text("Why some of it").wait_for()
    mine.shot("portal-object")
    phone = window(viewport=PHONE, color_scheme="dark")
    sign_in(phone, anna)
    phone.shot("portal-home-phone")
    phone.open("/instances/")
    phone.shot("portal-list-phone")
    assert phone.overflow_px() == 0


def reach(window: Window, what: str) -> None:
    """Press Tab until the element that ``what`` selects has the focus."""
    for _ in range(200):
        if window.page.evaluate("what => document.activeElement.matches(what)", what):
            return
        window.page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {what}")


@pytest.mark.parametrize(("looks", "size"), [("light", DESKTOP), ("dark", PHONE)], ids=["light-desktop", "dark-phone"])
def test_a_machine_is_made_and_ended_by_keyboard(
    window: Callable[..., Window], cloud: SimulatedCloud, looks: str, size: dict[str, int]
) -> None:
    anna = UserFactory(username="anna", account=cloud.account)
    mine = window(viewport=size, color_scheme=looks)
    page, keys = mine.page, mine.page.keyboard
    sign_in(mine, anna)
    mine.open("/instances/")
    mine.shot(f"portal-instances-empty-{looks}")
    reach(mine, "a[href$='/new/deployvirtualmachine/']")
    keys.press("Enter")
    page.get_by_role("heading", level=1, name="New instance").wait_for()
    reach(mine, "input[name=templateid]")
    reach(mine, "input[name=serviceofferingid]")
    keys.press("Space")
    reach(mine, "select[name=diskofferingid]")
    keys.type("data")
    reach(mine, "input[name=networkids]")
    keys.press("Space")
    reach(mine, "input[name=displayname]")
    keys.type("Web server")
    mine.shot(f"portal-deploy-{looks}")
    assert mine.overflow_px() == 0
    keys.press("Enter")
    page.get_by_text("What this machine takes of your limits").wait_for()
    mine.shot(f"portal-deploy-plan-{looks}")
    assert page.get_by_label("Name", exact=True).input_value() == "Web server"
    reach(mine, "button[name=go][value=do]:not([hidden])")
    keys.press("Enter")
    page.get_by_role("heading", level=1, name="Web server").wait_for()
    run_jobs()
    page.reload()
    page.get_by_text("Running", exact=True).first.wait_for()
    page.get_by_text("Why some of it is not possible now").wait_for()
    mine.shot(f"portal-instance-{looks}")
    assert mine.overflow_px() == 0

    reach(mine, "details.fold > summary")
    keys.press("Enter")
    page.get_by_text("Reset password").wait_for()
    mine.shot(f"portal-instance-more-{looks}")
    page.get_by_role("button", name="Stop").focus()
    keys.press("Enter")
    page.get_by_text("It is being stopped").wait_for()
    run_jobs()
    page.get_by_role("button", name="Start", exact=True).wait_for()
    page.get_by_text("Stopped", exact=True).first.wait_for()

    reach(mine, "a[href$='/do/destroyvirtualmachine/']")
    keys.press("Enter")
    page.get_by_role("heading", name="What would happen").wait_for()
    mine.shot(f"portal-destroy-{looks}")
    reach(mine, "input[name=typed]")
    keys.type("Web")
    keys.press("Enter")
    page.get_by_text("Type the name exactly").wait_for()
    mine.forgive("422")
    reach(mine, "input[name=typed]")
    keys.type("Web server")
    keys.press("Enter")
    page.get_by_role("link", name="started, follow the job").wait_for()
    run_jobs()
    mine.open("/instances/?sort=-created")
    page.get_by_text("Destroyed", exact=True).first.wait_for()
    mine.shot(f"portal-instances-{looks}")
    assert mine.overflow_px() == 0


def test_what_is_chosen_for_a_zone_changes_with_it(window: Callable[..., Window], cloud: SimulatedCloud) -> None:
    bare = Zone.objects.create(
        name="bare", network_type="Advanced", dns1="10.0.0.1", internal_dns1="10.0.0.1", allocation_state="Enabled"
    )
    anna = UserFactory(username="anna", account=cloud.account)
    for scripts in (True, False):
        mine = window(java_script_enabled=scripts)
        sign_in(mine, anna)
        mine.open("/instances/new/deployvirtualmachine/")
        mine.page.get_by_label("Name", exact=True).fill("Web server")
        network = mine.page.get_by_role("checkbox", name=cloud.network.name)
        network.wait_for()
        mine.page.get_by_label("Zone").select_option(str(bare.uuid))
        if not scripts:
            mine.page.get_by_role("button", name="Show what this zone offers").click()
        mine.page.get_by_text("You have no network in this zone yet").wait_for()
        assert network.count() == 0
        assert mine.page.get_by_label("Name", exact=True).input_value() == "Web server"
