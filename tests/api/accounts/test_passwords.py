"""What a password must be like, and how a forgotten one is replaced."""

import re
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.factories import PASSWORD
from apps.accounts.models import User
from apps.accounts.selectors import caller_of
from cloudstack.framework.configuration import Scope
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


@pytest.fixture
def setting(tenants) -> Callable[..., None]:
    def change(name: str, value: str, domain=None) -> None:
        where = {} if domain is None else {"scope": Scope.DOMAIN, "scope_uuid": domain.uuid}
        ConfigurationManager().update(caller=caller_of(tenants.root), name=name, value=value, **where)

    return change


def refusal(root, tenants, password: str) -> str:
    before = User.objects.values_list("password", flat=True).get(pk=tenants.seller.pk)
    with pytest.raises(ApiError) as caught:
        root.call("updateUser", id=tenants.seller.uuid, password=password)
    assert caught.value.code == 431
    assert password not in caught.value.text
    assert User.objects.values_list("password", flat=True).get(pk=tenants.seller.pk) == before
    return caught.value.text


@pytest.mark.parametrize(
    ("name", "value", "password", "words"),
    [
        ("password.policy.minimum.length", "12", "elevenchars", "11 characters, at least 12"),
        ("password.policy.minimum.uppercase.letters", "2", "Only-one-up", "2 upper-case"),
        ("password.policy.minimum.lowercase.letters", "3", "NO-LOWER-xy", "3 lower-case"),
        ("password.policy.minimum.digits", "1", "no-digits-in-it", "1 digits"),
        ("password.policy.minimum.special.characters", "1", "Letters4all", "no letters and no digits"),
        ("password.policy.allowPasswordContainingUsername", "false", "my-SELLER-word", "name of the user"),
        ("password.policy.regex", "[a-f]+[0-9]{8}", "ghijk12345678", "does not match"),
        ("password.policy.refuse.common", "true", "sunshine1", "too common"),
    ],
)
def test_the_domains_rules_hold(root, tenants, setting, name, value, password, words):
    root.call("updateUser", id=tenants.seller.uuid, password=password)
    root.call("updateUser", id=tenants.seller.uuid, password=PASSWORD)
    setting(name, value, tenants.sales)
    assert words in refusal(root, tenants, password)
    root.call("updateUser", id=tenants.lawyer.uuid, password=password)


def test_they_hold_for_new_users_and_accounts_too(root, tenants):
    who = {"email": "a@b.example", "firstname": "A", "lastname": "B", "username": "short", "password": "seven77"}
    for command, params in (
        ("createUser", {"account": "seller", "domainid": tenants.sales.uuid}),
        ("createAccount", {"roleid": tenants.seller.account.role.uuid}),
    ):
        with pytest.raises(ApiError, match="at least 8"):
            root.call(command, **who, **params)
    assert not User.objects.filter(username="short").exists()


def test_a_pattern_that_is_none_is_refused(setting):
    from cloudstack.framework.errors import InvalidParameter

    with pytest.raises(InvalidParameter, match="no regular expression"):
        setting("password.policy.regex", "(")


def test_the_last_passwords_are_not_taken_again(root, tenants, setting):
    setting("password.policy.history", "2")
    for password in ("first-of-them", "second-of-them", "third-of-them"):
        root.call("updateUser", id=tenants.seller.uuid, password=password)
    assert "last 2" in refusal(root, tenants, "third-of-them")
    assert "last 2" in refusal(root, tenants, "second-of-them")
    root.call("updateUser", id=tenants.seller.uuid, password="first-of-them")
    history = User.objects.get(pk=tenants.seller.pk).password_history
    assert len(history) == 1
    assert "of-them" not in str(history)


# -- forgotten ones --------------------------------------------------------------------------------


def send(command: str, method: str = "post", **params: str):
    client = Client()
    response = getattr(client, method)("/client/api", {"command": command, "response": "json", **params})
    return response.status_code, next(iter(orjson.loads(response.content).values()))


@pytest.fixture
def mails(setting, tenants):
    cache.clear()
    setting("user.password.reset.enabled", "true")
    setting("user.password.reset.email.sender", "cloud@example.org")
    setting("user.password.reset.mail.domain.url", "https://cloud.example.org")
    return mail.outbox


def token_of(message) -> str:
    return re.search(r"token=([\w-]+)", message.body)[1]


def test_it_is_off_until_the_operator_switches_it_on(tenants):
    assert send("forgotPassword", username="seller", domain="sales")[0] == 432
    assert send("forgotPassword")[0] == 431
    assert send("resetPassword", username="seller", token="x", password="long enough")[0] == 432


def test_a_link_comes_by_mail_and_works_once(tenants, mails):
    assert send("forgotPassword")[1] == {"success": True, "enabled": True}
    browser = Client()
    login = {"command": "login", "response": "json", "username": "seller", "password": PASSWORD, "domain": "sales"}
    key = browser.post("/client/api", login).json()["loginresponse"]["sessionkey"]
    assert send("forgotPassword", username="seller", domain="sales")[0] == 200
    assert mails == []
    run_jobs()
    (message,) = mails
    assert message.to == [tenants.seller.email]
    assert message.from_email == "cloud@example.org"
    token = token_of(message)
    assert f"https://cloud.example.org/new-password/?username=seller&token={token}" in message.body
    told = str([list(model.objects.values()) for model in (User, AsyncJob, Event)])
    assert token not in told

    new = {"username": "seller", "domain": "/sales", "password": "a fresh start"}
    assert send("resetPassword", "get", token=token, **new)[0] == 405
    status, body = send("resetPassword", **{**new, "password": "short"}, token=token)
    assert (status, "at least 8" in body["errortext"]) == (431, True)
    assert send("resetPassword", token="wrong", **new)[0] == 431
    assert send("resetPassword", token=token, **{**new, "domain": "legal"})[0] == 431
    assert send("resetPassword", token=token, **new)[0] == 200
    assert User.objects.get(pk=tenants.seller.pk).check_password("a fresh start")
    assert send("resetPassword", token=token, **new)[0] == 431
    call = {"command": "listUsers", "response": "json", "sessionkey": key}
    assert browser.get("/client/api", call).status_code == 401
    assert Event.objects.filter(type="USER.PASSWORD.RESET", resource_uuid=tenants.seller.uuid).count() == 1


def test_the_answer_and_the_work_are_the_same_for_a_user_who_is_not_there(tenants, mails, django_assert_num_queries):
    known, unknown = ({"username": name, "domain": "sales"} for name in ("seller", "nobody"))
    send("forgotPassword", **known)
    cache.clear()
    with django_assert_num_queries(5):
        first = send("forgotPassword", **known)
    with django_assert_num_queries(5):
        assert send("forgotPassword", **unknown) == first
    assert set(AsyncJob.objects.values_list("description", "command", "resource_uuid")) == {
        ("Mail a link for a new password, if there is such a user", "forgotPassword", None)
    }
    run_jobs()
    assert len(mails) == 2
    assert set(AsyncJob.objects.values_list("status", flat=True)) == {AsyncJob.Status.SUCCEEDED}


def test_a_link_ends_and_a_new_password_ends_it(root, tenants, mails):
    new = {"username": "seller", "domain": "sales", "password": "a fresh start"}
    send("forgotPassword", username="seller", domain="sales")
    run_jobs()
    User.objects.update(reset_token_expires=timezone.now() - timedelta(seconds=1))
    assert send("resetPassword", token=token_of(mails[0]), **new)[0] == 431
    send("forgotPassword", username="seller", domain="sales")
    run_jobs()
    root.call("updateUser", id=tenants.seller.uuid, password="set by an admin")
    assert send("resetPassword", token=token_of(mails[1]), **new)[0] == 431


def test_nobody_floods_a_mailbox_or_revives_a_disabled_user(root, tenants, mails):
    answers = {str(send("forgotPassword", username="seller", domain="sales")) for _ in range(6)}
    assert len(answers) == 1
    root.call("lockUser", id=tenants.colleague.uuid)
    send("forgotPassword", username="colleague", domain="sales")
    run_jobs()
    assert [message.to for message in mails] == [[tenants.seller.email]] * 3


def test_without_an_address_of_the_cloud_the_job_says_what_is_missing(tenants, mails, setting):
    setting("user.password.reset.mail.domain.url", "")
    send("forgotPassword", username="seller", domain="sales")
    run_jobs()
    job = AsyncJob.objects.get()
    assert job.status == AsyncJob.Status.FAILED
    assert "user.password.reset.mail.domain.url" in job.error_text


def test_what_web_interfaces_ask_before_anybody_has_logged_in(tenants, seller):
    for command in ("listIdps", "listOauthProvider", "listGuiThemes"):
        assert send(command, "get") == (200, {})
        stale = Client()
        stale.cookies["JSESSIONID"] = "over-long-ago"
        assert stale.get("/client/api", {"command": command, "response": "json"}).status_code == 200
    assert send("listLdapConfigurations", "get")[0] == 401
    assert seller.call("listLdapConfigurations") == {}
