"""A user serves himself on real hosts: signs in, deploys, works at the console, stops and destroys, in one go."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.lab_cloud import PATIENCE_S, LabCloud, report
from tests.acceptance.test_lab_console import by_hand, picture, state_is
from tests.browser.conftest import PHONE
from tests.integration.lab.conftest import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("acceptance"),
]


@pytest.fixture
def phone(chromium: Any) -> Iterator[Any]:
    """A telephone that prefers dark pages. A fault on a page fails the test."""
    context = chromium.new_context(viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True)
    context.set_default_timeout(60_000)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def shows(page: Any, state: str) -> None:
    """The page comes to show the machine's state by itself, without being loaded again."""
    page.locator(".state", has_text=re.compile(f"^{state}$")).first.wait_for(timeout=PATIENCE_S * 1000)


def test_from_signing_in_to_destroying(cloud: LabCloud, phone: Any, tmp_path: Path, record_property: Any) -> None:
    anna = cloud.tenant("anna")
    anna.registerSSHKeyPair(name="mine", publickey=cloud.key.with_suffix(".pub").read_text().strip())
    cloud.isolated_network(anna, "annas")
    begun = time.monotonic()
    phone.goto(cloud.installation.url)
    phone.get_by_label("User name").fill("anna")
    phone.get_by_label("Password").fill("Correct-horse-7")
    phone.get_by_role("button", name="Sign in").click()
    phone.get_by_role("heading", level=1, name="Overview").wait_for()

    phone.goto(f"{cloud.installation.url}/instances/new/deployvirtualmachine/")
    phone.get_by_label("Zone").select_option(cloud.zone)
    phone.locator(f"input[name=templateid][value='{cloud.template}']").check()
    phone.locator(f"input[name=serviceofferingid][value='{cloud.offering}']").check()
    phone.get_by_role("checkbox", name="annas").check()
    phone.get_by_label("Name", exact=True).fill("pocket")
    phone.get_by_role("checkbox", name="mine").check()
    phone.get_by_label("Name", exact=True).press("Enter")
    phone.get_by_text("What this machine takes of your limits").wait_for()
    phone.screenshot(path=str(tmp_path / "plan.png"), full_page=True)
    phone.locator("button[name=go][value=do]:not([hidden])").click()
    phone.get_by_role("heading", level=1, name="pocket").wait_for()
    shows(phone, "Running")
    report(record_property, "portal: from the sign-in page to a running guest, s", round(time.monotonic() - begun, 1))
    [vm] = anna.listVirtualMachines(fetch_list=True)
    guest = cloud.guest(vm).reachable()

    phone.get_by_role("link", name="Console").click()
    state_is(phone, "^Connected$")
    eventually(lambda: picture(phone)[0] > 50, seconds=30, what="a screen that is not black")
    before = picture(phone)[1]
    phone.locator("#screen canvas").click()
    by_hand(phone, "echo Pocket > /root/typed\n")
    eventually(lambda: picture(phone)[1] != before, seconds=20, what="the keys on the screen")
    eventually(lambda: guest.ssh("cat /root/typed", check=False) == "Pocket", seconds=20, what="what was typed")
    phone.screenshot(path=str(tmp_path / "console.png"))

    phone.goto(f"{cloud.installation.url}/instances/{vm['id']}/")
    phone.get_by_role("button", name="Stop").click()
    shows(phone, "Stopped")
    phone.locator("details.fold > summary").first.click()
    phone.locator("a[href$='/do/destroyvirtualmachine/']").click()
    phone.get_by_role("heading", name="What would happen").wait_for()
    phone.locator("input[name=typed]").fill("pocket")
    phone.locator("input[name=typed]").press("Enter")
    eventually(lambda: cloud.machine(vm["id"])["state"] == "Destroyed", seconds=PATIENCE_S, what="the machine's end")
    assert cloud.where(vm) == []
    phone.goto(f"{cloud.installation.url}/instances/")
    phone.locator(".state", has_text="Destroyed").wait_for()
    cloud.admin.expungeVirtualMachine(id=vm["id"], fetch_result=True)
