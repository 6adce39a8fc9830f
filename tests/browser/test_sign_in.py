"""A person sets up a second factor, signs in with it, and gets a key, in a real browser."""

import re
import time
from collections.abc import Callable

import pyotp

from apps.accounts.factories import PASSWORD, UserFactory
from cloudstack.framework.configuration.service import ConfigurationManager
from tests.browser.conftest import PHONE, Window
from tests.browser.test_every_page import AXE, faults
from tests.browser.test_portal import sign_in
from tests.support.cloud import SimulatedCloud


def test_a_person_signs_in_with_an_app_and_gets_a_key(window: Callable[..., Window], cloud: SimulatedCloud) -> None:
    ConfigurationManager().update(caller=cloud.root, name="enable.user.2fa", value="true")
    ConfigurationManager().update(caller=cloud.root, name="user.password.reset.enabled", value="true")
    anna = UserFactory(username="anna", account=cloud.account)
    axe, wrong = AXE.read_text(encoding="utf-8"), []
    mine = window(reduced_motion="reduce")

    def look(view: Window, name: str) -> None:
        for scheme in ("light", "dark"):
            view.page.emulate_media(color_scheme=scheme)
            wrong.extend(f"{name} ({scheme}): {fault}" for fault in faults(view.page, axe))
            view.shot(f"sign-in-{name}-{scheme}")
        view.page.emulate_media(color_scheme="light")

    mine.open("/forgotten-password/")
    look(mine, "forgotten")
    mine.open("/sign-in/")
    look(mine, "door")
    sign_in(mine, anna)
    mine.page.get_by_text("anna", exact=True).first.click()
    mine.page.get_by_role("link", name="Your profile").click()
    mine.page.get_by_role("link", name="Second factor").click()
    mine.page.get_by_role("button", name="Set up an authenticator app").click()
    secret = mine.page.locator("#key").inner_text()
    look(mine, "set-up")
    codes = pyotp.TOTP(secret)
    mine.page.get_by_label("The code that the app shows now").fill(codes.at(int(time.time()) - 30))
    mine.page.get_by_role("button", name="Put it in force").click()
    mine.page.get_by_text("is in force from now on").wait_for()

    phone = window(viewport=PHONE, reduced_motion="reduce")
    phone.open("/profile/")
    phone.page.get_by_label("User name").fill(f"anna@{anna.domain.path.strip('/')}")
    phone.page.get_by_label("Password").fill(PASSWORD)
    phone.page.get_by_role("button", name="Sign in").click()
    code = phone.page.get_by_label("Code of your authenticator app")
    code.fill("000000")
    phone.page.get_by_role("button", name="Sign in").click()
    phone.page.get_by_role("alert").wait_for()
    look(phone, "code")
    phone.forgive("400")
    code.fill(codes.now())
    phone.page.get_by_role("button", name="Sign in").click()
    phone.page.get_by_role("heading", level=1, name="Your profile").wait_for()
    look(phone, "profile-phone")
    assert phone.overflow_px() == 0

    mine.open("/profile/")
    look(mine, "profile")
    mine.page.get_by_role("link", name="New API key").click()
    mine.page.get_by_label(re.compile("^Name")).fill("backup")
    look(mine, "key-form")
    mine.page.locator("button[value=do]").click()
    mine.page.get_by_text("This is shown once").wait_for()
    look(mine, "key-once")
    shown = mine.page.locator("#once-2").inner_text()
    assert len(shown) > 40
    mine.page.get_by_role("link", name="I have kept it").click()
    mine.page.get_by_text("backup").first.wait_for()
    assert shown not in mine.page.content()
    mine.page.get_by_role("link", name="Change password").click()
    look(mine, "password")
    assert wrong == []
