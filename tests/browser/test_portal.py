"""A user serves himself in a real browser."""

from collections.abc import Callable

from apps.accounts.factories import PASSWORD, UserFactory
from apps.accounts.models import User
from cloudstack.testing.jobs import run_jobs
from tests.browser.conftest import PHONE, Window
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
