"""The console of a real guest in a real browser: what a person sees there, and what he types."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.lab_cloud import Guest, LabCloud, read_admin_env, report
from tests.integration.lab.conftest import eventually

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("acceptance"),
]

LIT = """() => {
  const canvas = document.querySelector("#screen canvas");
  if (!canvas || !canvas.width) return [0, ""];
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let lit = 0, sum = 7;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] + data[at + 1] + data[at + 2] > 96) { lit += 1; sum = (sum * 31 + at) % 2147483647; }
  }
  return [lit, `${canvas.width}x${canvas.height}:${sum}`];
}"""
"""How many points of the screen are not dark, and a mark of the picture."""


@pytest.fixture(scope="module")
def machine(cloud: LabCloud) -> Iterator[tuple[dict[str, Any], Guest]]:
    public = cloud.key.with_suffix(".pub").read_text().strip()
    cloud.admin.registerSSHKeyPair(name="console", publickey=public)
    vm = cloud.deploy(name="screen1", keypair="console", networkids=cloud.network["id"])
    yield vm, cloud.guest(vm).reachable()
    cloud.admin.destroyVirtualMachine(id=vm["id"], expunge=True)


@pytest.fixture
def page(chromium: Any, cloud: LabCloud) -> Iterator[Any]:
    """Signed in as the administrator. A fault on the page fails the test."""
    env = read_admin_env(cloud.installation.data)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    made, errors = context.new_page(), []
    made.on("pageerror", lambda error: errors.append(f"script: {error}"))
    made.on("console", lambda line: line.type == "error" and errors.append(f"console: {line.text}"))
    made.goto(f"{cloud.installation.url}/admin/login/")
    made.get_by_label("Username").fill(env["ADMIN_USER"])
    made.get_by_label("Password").fill(env["ADMIN_PASSWORD"])
    made.get_by_role("button", name="Log in").click()
    made.wait_for_url("**/admin/")
    yield made
    context.close()
    assert [error for error in errors if "409" not in error] == []


def state_is(page: Any, words: str, seconds: float = 60) -> None:
    page.locator("#state", has_text=re.compile(words)).wait_for(timeout=seconds * 1000)


def by_hand(page: Any, text: str) -> None:
    """As fingers do it: whoever wants a capital holds Shift down, and the guest sees both keys."""
    for letter in text:
        shifted = letter.isupper() or letter == ">"
        if shifted:
            page.keyboard.down("Shift")
        page.keyboard.press("Enter" if letter == "\n" else letter, delay=40)
        if shifted:
            page.keyboard.up("Shift")


def picture(page: Any) -> tuple[int, str]:
    lit, mark = page.evaluate(LIT)
    return int(lit), str(mark)


def test_a_person_sees_the_guest_and_types(
    cloud: LabCloud,
    machine: tuple[dict[str, Any], Guest],
    page: Any,
    tmp_path: Path,
    record_property: Any,
) -> None:
    vm, guest = machine
    begun = time.monotonic()
    page.goto(f"{cloud.installation.url}/console/{vm['id']}")
    state_is(page, "^Connected$")
    eventually(lambda: picture(page)[0] > 50, seconds=30, what="a screen that is not black")
    report(record_property, "console: from the address to the guest's screen, s", round(time.monotonic() - begun, 2))
    _, before = picture(page)
    page.locator("#screen canvas").click()
    pressed = time.monotonic()
    page.keyboard.press("e")
    eventually(lambda: picture(page)[1] != before, seconds=20, what="the key on the screen")
    report(record_property, "console: from a key to its picture, s", round(time.monotonic() - pressed, 2))
    by_hand(page, "cho By-Hand-7 > /root/typed\n")
    eventually(lambda: guest.ssh("cat /root/typed", check=False) == "By-Hand-7", seconds=20, what="what was typed")
    # What a clipboard holds is typed as well.
    page.get_by_role("button", name="Type text…").click()
    page.locator("#typed").fill('echo "It\'s {Pasted}|~ @#$%" > /root/pasted\n')
    page.get_by_role("button", name="Type it").click()
    wanted = "It's {Pasted}|~ @#$%"
    eventually(lambda: guest.ssh("cat /root/pasted", check=False) == wanted, seconds=30, what="what was pasted")
    page.screenshot(path=str(tmp_path / "console.png"))
    # Out of the screen without a pointer.
    page.keyboard.press("Control+Alt+Home")
    assert page.evaluate("document.activeElement.id") == "cad"
    # Another host, and on from there.
    there = next(uuid for name, uuid in cloud.hosts.items() if name != vm["hostname"])
    cloud.admin.migrateVirtualMachine(virtualmachineid=vm["id"], hostid=there, fetch_result=True)
    state_is(page, "moved to another host|is Migrating|closed the console")
    page.get_by_role("button", name="Connect again").click()
    state_is(page, "^Connected$")
    eventually(lambda: picture(page)[0] > 50, seconds=30, what="the screen on the other host")
    cloud.admin.stopVirtualMachine(id=vm["id"], forced=True, fetch_result=True)
    state_is(page, "The machine is Stopp|closed the console")
    page.get_by_role("button", name="Connect again").click()
    state_is(page, "is Stopped. Only a running machine has a console")
    sessions = cloud.admin.listConsoleSessions(virtualmachineid=vm["id"], fetch_list=True)
    assert len(sessions) == 2 and all(one["acquired"] and one["removed"] for one in sessions)
    assert {one["clientaddress"] for one in sessions} == {"127.0.0.1"}
