"""Who may call: keys, signatures, sessions."""

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import quote

import orjson
import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.factories import PASSWORD
from cloudstack.testing.api import ApiClient, ApiError

REFUSAL = "unable to verify user credentials"


def refused(response) -> str:
    body = next(iter(orjson.loads(response.content).values()))
    assert response.status_code == body["errorcode"] == 401
    assert REFUSAL in body["errortext"]
    return body["errortext"]


def test_without_credentials(root: SimpleNamespace) -> None:
    response = root.api.http.get("/client/api", {"command": "listGadgets", "response": "json"})
    assert list(orjson.loads(response.content)) == ["listgadgetsresponse"]
    assert "sign the request" in refused(response)


def test_an_unknown_key_and_a_wrong_secret_read_the_same(root: SimpleNamespace) -> None:
    wrong = ApiClient(root.api.api_key, "wrong").send("listGadgets")
    unknown = ApiClient("nobody", "wrong").send("listGadgets")
    assert refused(wrong) == refused(unknown)


def test_a_tampered_request(root: SimpleNamespace) -> None:
    signed = root.api.sign({"command": "listGadgets", "response": "json"})
    refused(root.api.http.get("/client/api", {**signed, "name": "added"}))


def test_the_names_of_the_credentials_ignore_case(root: SimpleNamespace) -> None:
    from cloudstack.api.signature import canonical_texts, sign

    params = {"command": "listGadgets", "response": "json", "APIKEY": root.api.api_key}
    signed = {**params, "Signature": sign(canonical_texts(params)[0], root.api.secret)}
    assert root.api.http.get("/client/api", signed).status_code == 200


def test_an_expired_signature_says_so(root: SimpleNamespace) -> None:
    past = (timezone.now() - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    with pytest.raises(ApiError) as caught:
        root.api.call("listGadgets", signatureVersion=3, expires=past)
    assert caught.value.code == 401
    assert "expired at" in caught.value.text


def test_a_captured_request_is_not_given_another_shape(root: SimpleNamespace) -> None:
    """Parameters that are folded into the name of another are signed as that name, so that no end gets lost."""
    past = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    signed = root.api.sign({"command": "listGadgets", "response": "json", "signatureversion": "3", "expires": past})
    assert "expired at" in refused(root.api.http.get("/client/api", signed))
    folded = f"expires={quote(past, safe='')}&response=json&signatureversion"
    forged = {"apiKey": root.api.api_key, "command": "listGadgets", folded: "3", "signature": signed["signature"]}
    assert root.api.http.get("/client/api", forged).status_code == 401


class Browser:
    """A client with cookies."""

    def __init__(self) -> None:
        self.http = Client(raise_request_exception=False)
        self.key = ""

    def login(self, user, password: str = PASSWORD, *, method: str = "post", **params: str):
        params = {
            "command": "login",
            "response": "json",
            "username": user.username,
            "password": password,
            "domain": user.domain.path,
            **params,
        }
        response = getattr(self.http, method)("/client/api/", params)
        if response.status_code == 200:
            self.key = orjson.loads(response.content)["loginresponse"]["sessionkey"]
        return response

    def get(self, command: str, **params: str):
        sent = {"command": command, "response": "json", "sessionkey": self.key, **params}
        return self.http.get("/client/api/", sent)


@pytest.fixture
def browser() -> Browser:
    return Browser()


def test_login_answers_who_one_is_and_sets_two_cookies(browser: Browser, ada: SimpleNamespace) -> None:
    response = browser.login(ada.user)
    body = orjson.loads(response.content)["loginresponse"]
    assert body["username"] == ada.user.username
    assert body["userid"] == ada.caller.user_uuid
    assert body["account"] == ada.caller.account_name
    assert body["domainid"] == ada.caller.domain_uuid
    assert body["type"] == "0"
    assert body["timeout"] == 1800
    assert body["registered"] == "false"
    assert (body["is2faenabled"], body["is2faverified"]) == ("false", "true")
    for name in ("JSESSIONID", "sessionkey"):
        cookie = response.cookies[name]
        assert cookie["path"] == "/client"
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
    assert response.cookies["sessionkey"].value == body["sessionkey"]
    assert "sessionid" not in response.cookies


def test_a_session_calls_commands(browser: Browser, ada: SimpleNamespace, gadget) -> None:
    gadget("mine", owner=ada)
    browser.login(ada.user)
    assert orjson.loads(browser.get("listGadgets").content)["listgadgetsresponse"]["count"] == 1


@pytest.mark.parametrize("domain", ["", "/"])
def test_the_domain_may_lack_its_slashes_or_be_left_out_for_root(browser, root, ada, domain: str) -> None:
    assert browser.login(root.user, domain=domain).status_code == 200
    assert browser.login(ada.user, domain=ada.user.domain.path.strip("/")).status_code == 200
    assert browser.login(ada.user, domain=f"ROOT{ada.user.domain.path}").status_code == 200


def test_the_domain_by_uuid_wins(browser: Browser, ada: SimpleNamespace) -> None:
    assert browser.login(ada.user, domain="/nowhere", domainId=ada.caller.domain_uuid).status_code == 200
    assert browser.login(ada.user, domainid="12").status_code == 431


def test_login_by_get_is_refused(browser: Browser, ada: SimpleNamespace) -> None:
    response = browser.login(ada.user, method="get")
    assert response.status_code == 405
    assert list(orjson.loads(response.content)) == ["loginresponse"]


def test_a_wrong_password_and_an_unknown_user_read_the_same(browser: Browser, ada: SimpleNamespace) -> None:
    wrong = browser.login(ada.user, "wrong")
    unknown = browser.login(ada.user, "wrong", username="nobody")
    assert wrong.status_code == unknown.status_code == 531
    assert wrong.content == unknown.content
    assert "JSESSIONID" not in wrong.cookies or not wrong.cookies["JSESSIONID"].value


def test_a_missing_password_is_named(browser: Browser, ada: SimpleNamespace) -> None:
    response = browser.login(ada.user, "")
    assert response.status_code == 431
    assert "missing parameter password" in orjson.loads(response.content)["loginresponse"]["errortext"]


def test_the_session_key_must_be_in_cookie_and_parameter_else_the_session_dies(browser, ada) -> None:
    browser.login(ada.user)
    key = browser.key
    refused(browser.get("listGadgets", sessionkey="guess"))
    assert browser.key == key
    refused(browser.get("listGadgets"))

    browser.login(ada.user)
    del browser.http.cookies["sessionkey"]
    refused(browser.get("listGadgets"))


def test_logout_ends_the_session(browser: Browser, ada: SimpleNamespace) -> None:
    browser.login(ada.user)
    saved = browser.http.cookies.copy()
    response = browser.http.post("/client/api/", {"command": "logout", "response": "json"})
    assert orjson.loads(response.content) == {"logoutresponse": {"description": "success"}}
    browser.http.cookies = saved
    refused(browser.get("listGadgets"))
    assert browser.http.post("/client/api/", {"command": "logout", "response": "json"}).status_code == 431


def test_a_new_login_drops_the_old_session(browser: Browser, ada: SimpleNamespace) -> None:
    browser.login(ada.user)
    old_cookies, old_key = browser.http.cookies.copy(), browser.key
    browser.login(ada.user)
    assert browser.http.cookies["JSESSIONID"].value != old_cookies["JSESSIONID"].value
    browser.http.cookies, browser.key = old_cookies, old_key
    refused(browser.get("listGadgets"))


def test_a_disabled_user_is_out_at_once(browser: Browser, ada: SimpleNamespace) -> None:
    browser.login(ada.user)
    type(ada.user).objects.filter(pk=ada.user.pk).update(state="disabled")
    refused(browser.get("listGadgets"))
    refused(ada.api.send("listGadgets"))


def test_an_unknown_command_of_a_session(browser: Browser, ada: SimpleNamespace) -> None:
    browser.login(ada.user)
    response = browser.get("listUnicorns")
    assert response.status_code == 432
    assert list(orjson.loads(response.content)) == ["errorresponse"]
    assert "JSESSIONID" not in response.cookies


def test_the_admins_session_and_the_apis_do_not_meet(browser: Browser, root: SimpleNamespace) -> None:
    browser.login(root.user)
    assert browser.http.get("/admin/").status_code == 302
