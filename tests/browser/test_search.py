"""The search page in a real browser: without scripts, in the dark, on a telephone."""

from collections.abc import Callable

import pytest

from apps.accounts.factories import AccountFactory
from apps.metadata.factories import tag
from apps.storage.factories import VolumeFactory
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]


@pytest.fixture
def things(cloud: SimulatedCloud) -> None:
    for number in range(12):
        VolumeFactory(account=cloud.account, name=f"shop-data-{number}", zone=cloud.zone)
    AccountFactory(name="shop of a customer with a very long name that has to be broken somewhere in a narrow window")
    tag(VolumeFactory(account=cloud.account, name="archive", zone=cloud.zone), "Volume", "use", "shop")


@pytest.mark.parametrize(
    ("label", "options"),
    [("light", {"viewport": DESKTOP}), ("dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
     ("phone", {"viewport": PHONE, "has_touch": True, "is_mobile": True, "java_script_enabled": False})],
    ids=["light", "dark", "phone-without-scripts"],
)  # fmt: skip
def test_what_is_found_is_read_and_followed(window: Open, things: None, label: str, options: dict) -> None:
    view = window(**options)
    page = view.page
    view.log_in()
    view.open("/admin/search/?q=")
    box = page.get_by_role("searchbox", name="Search everything")
    box.fill("shop")
    box.press("Enter")
    assert page.locator(".cs-panel h2").first.inner_text().startswith("Volumes")
    view.shot(f"search-{label}")
    assert view.overflow_px() == 0
    page.get_by_role("link", name="More volumes").click()
    assert page.locator(".cs-panel tbody tr").count() == 13
    assert "archive by a tag" in page.locator("tr", has_text="archive").inner_text()
    page.get_by_role("link", name="shop-data-7").click()
    page.wait_for_url("**/admin/storage/volume/*/change/")


def test_without_scripts_the_navigation_leads_to_search(window: Open, things: None) -> None:
    view = window(java_script_enabled=False)
    view.log_in()
    view.page.locator("a.cs-search").click()
    view.page.get_by_role("searchbox", name="Search everything").fill("shop-data-1")
    view.page.get_by_role("button", name="Search", exact=True).click()
    assert view.page.locator(".cs-panel tbody tr").count() == 3
