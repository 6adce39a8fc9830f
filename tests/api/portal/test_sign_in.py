"""The users' sign-in: what it tells, where it leads, what a signed-out tab keeps."""

import re
import time
from collections.abc import Callable

import pyotp
import pytest
from django.test import Client

from apps.accounts.factories import PASSWORD
from apps.accounts.models import TwoFactor, User
from apps.accounts.selectors import caller_of
from apps.accounts.services.users import UserManager
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.testing.jobs import run_jobs

CODE_PAGE = "/second-factor/"


@pytest.fixture
def settings_of(root: User) -> Callable[..., None]:
    def update(**values: str) -> None:
        for name, value in values.items():
            ConfigurationManager().update(caller=caller_of(root), name=name.replace("_", "."), value=value)

    return update


def sign_in(client: Client, password: str = PASSWORD, **query: str):
    return client.post("/sign-in/", {"username": "anna@sales", "password": password, **query})


def code_of(user: User, ahead_s: int = 0) -> str:
    secret = TwoFactor.objects.filter(user=user).latest("pk").secret.reveal()
    return pyotp.TOTP(secret).at(int(time.time()) + ahead_s)


def test_it_leads_on_where_one_was_and_nowhere_else(anna: User) -> None:
    assert sign_in(Client(), next="/jobs/?state=failed")["Location"] == "/jobs/?state=failed"
    for elsewhere in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        assert sign_in(Client(), next=elsewhere)["Location"] == "/"


def test_all_refusals_sound_the_same(anna: User, root: User) -> None:
    def told(username: str, password: str) -> str:
        page = Client().post("/sign-in/", {"username": username, "password": password}).content.decode()
        return re.search(r'role="alert">(.*?)</div>', page, re.S)[1]

    wrong, unknown = told("anna@sales", "wrong"), told("nobody@sales", "wrong")
    UserManager().lock(caller=caller_of(root), user=anna)
    assert wrong == unknown == told("anna@sales", PASSWORD) != ""


def test_a_set_up_factor_is_asked_for_at_the_next_sign_in(anna: User, signed_in: Client, settings_of) -> None:
    assert b"switched off" in signed_in.get(CODE_PAGE).content
    settings_of(enable_user_2fa="true")
    page = signed_in.post(CODE_PAGE, {"do": "setup", "provider": "totp"}).content.decode()
    assert TwoFactor.objects.get().secret.reveal() in page and "<svg" in page
    codes = re.findall(r'<code class="code">([a-z0-9-]+)</code>', page)
    assert len(codes) == 10
    assert codes[0] not in signed_in.get(CODE_PAGE).content.decode(), "recovery codes are shown once"
    assert signed_in.post(CODE_PAGE, {"do": "verify", "code": "000000"}).status_code == 400
    assert signed_in.post(CODE_PAGE, {"do": "verify", "code": code_of(anna, -30)})["Location"] == CODE_PAGE
    assert b"In force" in signed_in.get(CODE_PAGE).content

    again = Client()
    assert sign_in(again, next="/profile/")["Location"] == CODE_PAGE
    assert again.get("/profile/").status_code == 302, "the password alone opens nothing"
    half = again.get(CODE_PAGE).content.decode()
    assert "one-time-code" in half and TwoFactor.objects.get().secret.reveal() not in half
    assert again.post(CODE_PAGE, {"do": "remove"}).status_code == 200 and TwoFactor.objects.exists()
    assert again.post(CODE_PAGE, {"do": "verify", "code": "000000"}).status_code == 400
    assert again.post(CODE_PAGE, {"do": "verify", "code": code_of(anna)})["Location"] == "/profile/"
    assert again.get("/profile/").status_code == 200

    third = Client()
    sign_in(third)
    assert third.post(CODE_PAGE, {"do": "verify", "code": codes[0]})["Location"] == "/"
    settings_of(mandate_user_2fa="true")
    assert b"disabled" in third.get(CODE_PAGE).content
    assert third.post(CODE_PAGE, {"do": "remove"}).status_code == 400 and TwoFactor.objects.exists()
    settings_of(mandate_user_2fa="false")
    assert third.post(CODE_PAGE, {"do": "remove"})["Location"] == CODE_PAGE
    assert not TwoFactor.objects.exists()


def test_a_mandated_pin_is_set_up_on_the_way_in(anna: User, settings_of) -> None:
    settings_of(enable_user_2fa="true", mandate_user_2fa="true")
    client = Client()
    assert sign_in(client)["Location"] == CODE_PAGE
    assert b"You need a second factor" in client.get(CODE_PAGE).content
    client.post(CODE_PAGE, {"do": "setup", "provider": "staticpin"})
    pin = TwoFactor.objects.get().secret.reveal()
    assert client.post(CODE_PAGE, {"do": "verify", "code": pin})["Location"] == "/"
    assert client.get("/").status_code == 200


def test_too_many_failures_from_an_address_are_refused_at_every_door(anna: User, root: User, settings_of) -> None:
    settings_of(login_failures_per_address_allowed="4")

    def api(address: str) -> int:
        sent = {"command": "login", "username": "anna", "domain": "sales", "password": PASSWORD, "response": "json"}
        return Client(REMOTE_ADDR=address).post("/client/api", sent).status_code

    here = Client(REMOTE_ADDR="192.0.2.7")
    for guess in range(4):
        assert here.post("/sign-in/", {"username": f"user{guess}", "password": "x"}).status_code == 200
    for door, name in (("/sign-in/", "anna@sales"), ("/admin/login/", "root"), ("/api/v1/login", "anna@sales")):
        refused = here.post(door, {"username": name, "password": PASSWORD})
        assert refused.status_code == 429 and b"try again in" in refused.content, door
    assert api("192.0.2.7") == 429 and api("192.0.2.8") == 200
    settings_of(login_failures_per_address_allowed="0")
    assert sign_in(here).status_code == 302


def test_a_signed_out_tab_keeps_what_was_typed_and_no_password(anna: User, signed_in: Client) -> None:
    where, sent = (
        f"/profile/{anna.uuid}/do/updateuser/",
        {"firstname": 'A"nna', "password": "s3cr3t-word", "code": "123456"},
    )
    signed_in.post("/sign-out/")
    kept = signed_in.post(where, sent, headers={"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"})
    text = kept.content.decode()
    assert kept.status_code == 401 and f'action="{where}"' in text and 'value="A&quot;nna"' in text
    assert "s3cr3t-word" not in text and "123456" not in text
    assert signed_in.post(where, sent, headers={"HX-Request": "true"}).status_code == 401
    sign_in(signed_in)
    signed_in.post(where, {"firstname": 'A"nna', "email": "a@example.org"})
    anna.refresh_from_db()
    assert anna.first_name == 'A"nna'


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
    ],
    ids=["origin", "null", "cross-site", "same-site"],
)
def test_another_site_cannot_have_its_words_sent_again(anna: User, headers: dict[str, str]) -> None:
    """Neither to somebody signed out nor, by a page too old, to somebody signed in."""
    where, sent = f"/profile/{anna.uuid}/do/updateuser/", {"firstname": "planted"}
    for enforced in (False, True):
        client = Client(enforce_csrf_checks=enforced)
        if enforced:
            client.force_login(anna, backend="apps.accounts.backends.DomainUserBackend")
        answer = client.post(where, sent, headers=headers)
        assert answer.status_code == (403 if enforced else 401)
        assert "planted" not in answer.content.decode()
    anna.refresh_from_db()
    assert anna.first_name != "planted"


def test_a_forgotten_password_is_chosen_anew_by_a_mail(anna: User, settings_of, mailoutbox) -> None:
    client = Client()
    assert client.get("/forgotten-password/").status_code == 404 and b"Forgotten" not in client.get("/sign-in/").content
    settings_of(user_password_reset_enabled="true", user_password_reset_email_sender="cloud@example.org")
    settings_of(user_password_reset_mail_domain_url="http://testserver")
    User.objects.filter(pk=anna.pk).update(email="anna@example.org")
    assert b"Forgotten your password?" in client.get("/sign-in/").content
    pages = []
    for name in ("anna@sales", "nobody@sales"):
        answer = client.post("/forgotten-password/", {"username": name}, follow=True)
        pages.append(re.findall(r'<li class="notice[^<]*', answer.content.decode()))
    assert pages[0] == pages[1] and len(pages[0]) == 1
    run_jobs()
    link = re.search(r"http://testserver(/new-password/\S+)", mailoutbox[0].body)[1]
    assert client.get(link)["Location"] == "/new-password/", "the token stands in no address that is kept"
    new = "a-new-Passw0rd"
    short = client.post("/new-password/", {"new_password": "x", "new_password_again": "x"})
    assert short.status_code == 422 and b"id_new_password_error" in short.content
    assert client.post("/new-password/", {"new_password": new, "new_password_again": new})["Location"] == "/sign-in/"
    assert sign_in(Client(), new)["Location"] == "/"
    client.get(link)
    again = client.post("/new-password/", {"new_password": new + "2", "new_password_again": new + "2"})
    assert again.status_code == 422 and sign_in(Client(), new)["Location"] == "/"


def test_the_language_is_chosen_on_every_page_and_kept(signed_in: Client) -> None:
    client = Client()
    assert b'<html lang="en">' in client.get("/sign-in/").content
    assert client.post("/language/", {"language": "de", "next": "/sign-in/"})["Location"] == "/sign-in/"
    page = client.get("/sign-in/").content.decode()
    assert '<html lang="de">' in page and "Kennwort" in page and 'action="/language/"' in page
    assert client.post("/language/", {"language": "de", "next": "https://evil.example/"})["Location"] == "/"
    assert 'action="/language/"' in signed_in.get("/profile/").content.decode()
