"""The rule editor in a real browser: seen before it counts, and worked by the keyboard."""

from collections.abc import Callable

import pytest

from apps.accounts.factories import RoleFactory
from apps.accounts.models import Role, RolePermission
from cloudstack.framework.context import RoleType
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]


@pytest.fixture
def role(cloud: SimulatedCloud) -> Role:
    role = RoleFactory(name="clerk", type=RoleType.USER)
    for position, (word, rule) in enumerate((("deny", "listVolumes"), ("allow", "list*"), ("deny", "*"))):
        RolePermission.objects.create(role=role, rule=rule, permission=word, position=position)
    return role


def rules(role: Role) -> list[str]:
    return [str(rule) for rule in role.permissions.order_by("position", "pk")]


def test_rules_are_added_and_moved_by_the_keyboard(window: Open, role: Role) -> None:
    view = window()
    page = view.page
    view.log_in()
    view.open(f"/admin/accounts/role/{role.pk}/change/")
    view.shot("role")
    page.get_by_role("link", name="Rules and what they allow").click()
    page.get_by_label("Command or pattern").fill("*Snapshot*")
    page.get_by_label("Says").select_option("allow")
    page.get_by_label("Where").select_option(label="before 3. deny *")
    page.get_by_label("Command or pattern").press("Enter")
    page.get_by_role("button", name="Add allow *Snapshot*").wait_for()
    page.wait_for_function("document.activeElement.value === '1' && document.activeElement.name === 'confirmed'")
    view.shot("rules-preview")
    page.keyboard.press("Enter")
    page.locator(".messagelist").wait_for()
    assert rules(role) == ["deny listVolumes", "allow list*", "allow *Snapshot*", "deny *"]

    # One press moves it up, and the focus stays for the next.
    page.get_by_role("button", name="Move rule 3 up").focus()
    page.keyboard.press("Alt+ArrowUp")
    page.get_by_role("button", name="Move rule 2 up").wait_for()
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Move rule 2 up'")
    assert rules(role)[1] == "allow *Snapshot*"
    page.locator("[data-rule] a").first.click()
    page.locator(".cs-opened").wait_for()
    page.get_by_role("searchbox", name="Command").fill("volume")
    page.get_by_role("button", name="Test").click()
    assert "rule 1. deny listVolumes" in page.locator("#test").inner_text()
    view.shot("rules")


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "has_touch": True, "is_mobile": True}),
        ("plain", {"viewport": DESKTOP, "java_script_enabled": False}),
    ],
    ids=["dark", "phone", "without-scripts"],
)
def test_the_rule_editor_everywhere(window: Open, role: Role, name: str, look: dict[str, object]) -> None:
    view = window(**look)
    page = view.page
    view.log_in()
    view.open(f"/admin/accounts/role/{role.pk}/rules/?q=volume&show={role.permissions.last().uuid}")
    if "java_script_enabled" not in look:
        assert view.overflow_px() <= 0
    view.shot(f"{name}-rules")
    page.get_by_role("button", name="Delete rule 3").click()
    page.get_by_role("button", name="Delete rule 3. deny *").wait_for()
    view.shot(f"{name}-rules-preview")
    page.get_by_role("button", name="Delete rule 3. deny *").click()
    page.locator(".messagelist").wait_for()
    assert rules(role) == ["deny listVolumes", "allow list*"]
