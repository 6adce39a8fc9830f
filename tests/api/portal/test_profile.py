"""The page about oneself: what is changed there, and what is shown once."""

import re

from django.test import Client

from apps.accounts.factories import PASSWORD, UserFactory
from apps.accounts.models import ApiKeyPair, ApiToken, User
from cloudstack.testing.api import ApiClient

OTHER = "another-Passw0rd-2"


def test_a_key_pair_and_a_token_work_and_are_shown_once(signed_in: Client, anna: User) -> None:
    base = f"/profile/{anna.uuid}/do"
    made = signed_in.post(f"{base}/registeruserkeys/", {"name": "backup", "cidrlist": "192.0.2.0/24,127.0.0.1/32"})
    assert made.status_code == 200 and "no-store" in made["Cache-Control"]
    api_key, secret = re.findall(r'<pre class="secret"[^>]*>([^<]+)</pre>', made.content.decode())
    pair = ApiKeyPair.objects.get(user=anna, name="backup")
    assert (pair.api_key, pair.secret_key.reveal()) == (api_key, secret)
    assert ApiClient(api_key, secret).call("listZones") == {}
    token = re.findall(
        r'<pre class="secret"[^>]*>([^<]+)</pre>',
        signed_in.post(f"{base}/createusertoken/", {"name": "script"}).content.decode(),
    )[0]
    assert Client().get("/api/v1/zones", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    page = signed_in.get("/profile/").content.decode()
    assert "backup" in page and "script" in page
    assert secret not in page and token not in page and api_key not in page
    twice = signed_in.post(f"{base}/registeruserkeys/", {"name": "backup"})
    assert twice.status_code == 422 and 'id="id_name_error"' in twice.content.decode()
    nameless = signed_in.post(f"{base}/registeruserkeys/", {"name": ""})
    assert nameless.status_code == 422, "the main key is never made anew by an empty field"
    gone = signed_in.post(f"{base}/deleteuserkeys/{pair.uuid}/", {"confirmed": "1"})
    assert gone["Location"] == f"/profile/{anna.uuid}/"
    assert signed_in.get(gone["Location"])["Location"] == "/profile/"
    signed_in.post(f"{base}/deleteusertoken/{ApiToken.objects.get().uuid}/", {"confirmed": "1"})
    assert not ApiKeyPair.objects.filter(user=anna).exists() and not ApiToken.objects.exists()


def test_nobody_looks_after_another_users_keys_here(signed_in: Client, anna: User) -> None:
    stranger = UserFactory(username="otto")
    assert signed_in.get(f"/profile/{stranger.uuid}/").status_code == 404
    form = signed_in.post(f"/profile/{stranger.uuid}/do/registeruserkeys/", {"name": "theirs"})
    assert form.status_code == 404 and not ApiKeyPair.objects.exists()


def test_times_are_those_of_the_users_zone(signed_in: Client, anna: User) -> None:
    do = f"/profile/{anna.uuid}/do/updateuser/"
    wrong = signed_in.post(do, {"email": "anna@example.org", "timezone": "Mars/Base"})
    assert wrong.status_code == 422 and "Mars/Base" in wrong.content.decode()
    signed_in.post(do, {"firstname": "Anna", "email": "anna@example.org", "timezone": "Asia/Tokyo"})
    anna.refresh_from_db()
    assert (anna.first_name, anna.email, anna.timezone) == ("Anna", "anna@example.org", "Asia/Tokyo")
    ApiToken.objects.create(user=anna, name="old", token_hash="0" * 64)
    ApiToken.objects.update(created="2026-01-01T20:30:00Z")
    assert "Jan. 2, 2026, 5:30 a.m." in signed_in.get("/profile/").content.decode()


def test_a_new_password_is_told_at_its_fields_and_ends_other_sessions(signed_in: Client, anna: User) -> None:
    def change(present: str, new: str, again: str) -> tuple[int, str]:
        sent = {"current_password": present, "new_password": new, "new_password_again": again}
        answer = signed_in.post("/profile/password/", sent)
        return answer.status_code, answer.content.decode()

    other = Client()
    other.post("/sign-in/", {"username": "anna@sales", "password": PASSWORD})
    for sent, field in (
        (("wrong", OTHER, OTHER), "id_current_password_error"),
        ((PASSWORD, "short", "short"), "id_new_password_error"),
        ((PASSWORD, OTHER, OTHER + "x"), "id_new_password_again_error"),
    ):
        status, text = change(*sent)
        assert status == 422 and f'id="{field}"' in text
        assert OTHER not in text and PASSWORD not in text
    assert change(PASSWORD, OTHER, OTHER)[0] == 302
    assert signed_in.get("/profile/").status_code == 200
    assert other.get("/profile/")["Location"].startswith("/sign-in/")
    assert User.objects.get(pk=anna.pk).check_password(OTHER)


def test_signing_out_everywhere_leaves_only_this_browser(signed_in: Client, anna: User) -> None:
    other, api = Client(), Client()
    other.post("/sign-in/", {"username": "anna@sales", "password": PASSWORD})
    sent = {"command": "login", "username": "anna", "password": PASSWORD, "domain": "sales", "response": "json"}
    key = api.post("/client/api", sent).json()["loginresponse"]["sessionkey"]
    ask = {"command": "listZones", "response": "json", "sessionkey": key}
    assert api.get("/client/api", ask).status_code == 200
    assert other.get("/profile/").status_code == 200
    assert signed_in.get("/profile/sessions/").status_code == 200
    assert signed_in.post("/profile/sessions/")["Location"] == "/profile/"
    assert signed_in.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302
    assert api.get("/client/api", ask).status_code == 401
