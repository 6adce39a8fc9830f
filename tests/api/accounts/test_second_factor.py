"""Log-in with a second factor: set-up, codes, sessions that lack one, and what wrong codes lead to."""

import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import orjson
import pyotp
import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.factories import PASSWORD, AccountFactory, UserFactory
from apps.accounts.models import RecoveryCode, TwoFactor, User
from apps.accounts.selectors import caller_of
from apps.accounts.services import second_factor_codes
from apps.accounts.services.second_factor import SecondFactorManager
from apps.accounts.states import AccountState
from cloudstack.framework.configuration import Scope
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import SecondFactorNeeded
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiError
from tests.api.accounts.test_limits_under_load import together

VALIDATE = "validateUserTwoFactorAuthenticationCode"
SETUP = "setupUserTwoFactorAuthentication"


class Browser:
    """A log-in of a user with its session."""

    def __init__(self, user: User):
        self.http = Client()
        self.user = user
        self.body: dict = {}

    def login(self) -> "Browser":
        params = {"command": "login", "response": "json", "username": self.user.username, "password": PASSWORD}
        answer = self.http.post("/client/api", {**params, "domain": self.user.domain.path})
        self.body = orjson.loads(answer.content)["loginresponse"]
        assert answer.status_code == 200, self.body
        return self

    def send(self, command: str, **params: str):
        sent = {"command": command, "response": "json", "sessionkey": self.body.get("sessionkey", ""), **params}
        response = self.http.post("/client/api", sent)
        return response.status_code, next(iter(orjson.loads(response.content).values()))


@pytest.fixture
def setting(tenants) -> Callable[..., None]:
    def change(name: str, value: str, domain=None) -> None:
        where = {} if domain is None else {"scope": Scope.DOMAIN, "scope_uuid": domain.uuid}
        ConfigurationManager().update(caller=caller_of(tenants.root), name=name, value=value, **where)

    return change


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time by which codes are made."""
    clock = SimpleNamespace(now=1_800_000_000)
    monkeypatch.setattr(second_factor_codes.time, "time", lambda: clock.now)
    return clock


def code(secret: str, clock: SimpleNamespace, ahead: int = 0) -> str:
    return pyotp.TOTP(secret).at(clock.now + ahead)


@pytest.fixture
def enrolled(setting, tenants, clock) -> SimpleNamespace:
    """The seller with an authenticator app in force, and its clock one interval on."""
    cache.clear()
    setting("enable.user.2fa", "true")
    browser = Browser(tenants.seller).login()
    made = browser.send(SETUP)[1]["setup2fa"]
    assert browser.send(VALIDATE, codefor2fa=code(made["secretcode"], clock))[0] == 200
    clock.now += 30
    return SimpleNamespace(user=tenants.seller, secret=made["secretcode"], recovery=made["recoverycodes"])


def test_it_is_off_until_the_operator_lets_users(tenants, seller, setting):
    with pytest.raises(ApiError, match=r"enable\.user\.2fa"):
        seller.call(SETUP)
    assert [row["name"] for row in seller.items("listUserTwoFactorAuthenticatorProviders")] == ["totp", "staticpin"]
    assert [row["name"] for row in seller.items("listUserTwoFactorAuthenticatorProviders", name="totp")] == ["totp"]
    setting("enable.user.2fa", "true", tenants.sales)
    assert seller.call(SETUP)["setup2fa"]["secretcode"]


def test_a_set_up_counts_from_its_first_right_code(tenants, setting, clock):
    setting("enable.user.2fa", "true")
    browser = Browser(tenants.seller).login()
    assert browser.body["is2faenabled"] == "false"
    made = browser.send(SETUP, provider="totp")[1]["setup2fa"]
    assert (made["id"], made["username"]) == (str(tenants.seller.uuid), "seller")
    assert made["accountid"] == str(tenants.seller.account.uuid)
    assert Browser(tenants.seller).login().body["is2faenabled"] == "false"
    assert browser.send("listUsers")[0] == 200
    status, refusal = browser.send(VALIDATE, codefor2fa="000000")
    assert (status, refusal["errorcode"], refusal["cserrorcode"]) == (511, 511, 4295)
    assert browser.send(VALIDATE, codefor2fa=code(made["secretcode"], clock))[0] == 200
    assert browser.send("listUsers", id=str(tenants.seller.uuid))[1]["user"][0]["is2faenabled"] is True
    assert Event.objects.filter(type="USER.2FA.ENABLE", resource_uuid=tenants.seller.uuid).count() == 1


def test_until_the_code_is_given_nothing_else_is_answered(enrolled, clock):
    browser = Browser(enrolled.user).login()
    assert (browser.body["is2faenabled"], browser.body["is2faverified"]) == ("true", "false")
    assert (browser.body["providerfor2fa"], browser.body["issuerfor2fa"]) == ("totp", "CloudStack")
    for allowed in ("listApis", "listUserTwoFactorAuthenticatorProviders"):
        assert browser.send(allowed)[0] == 200
    status, body = browser.send("listUsers")
    assert (status, body["cserrorcode"]) == (511, 4295)
    assert VALIDATE in body["errortext"]
    assert browser.send(VALIDATE, codefor2fa=code(enrolled.secret, clock))[0] == 401, "the session is over"

    browser.login()
    assert browser.send(VALIDATE, codefor2fa=code(enrolled.secret, clock))[0] == 200
    assert browser.send("listUsers")[0] == 200


def test_whoever_has_only_the_password_cannot_set_up_another(enrolled):
    for params in ({}, {"enable": "false"}):
        assert Browser(enrolled.user).login().send(SETUP, **params)[0] == 511
    assert User.objects.get(pk=enrolled.user.pk).second_factor == "totp"


def test_sessions_of_before_end_when_a_factor_comes_into_force(tenants, setting, clock):
    setting("enable.user.2fa", "true")
    old, new = Browser(tenants.seller).login(), Browser(tenants.seller).login()
    secret = new.send(SETUP)[1]["setup2fa"]["secretcode"]
    new.send(VALIDATE, codefor2fa=code(secret, clock))
    assert old.send("listUsers")[0] == 511
    assert new.send("listUsers")[0] == 200


def test_a_code_is_taken_once_and_none_before_it(enrolled, clock):
    given = code(enrolled.secret, clock)
    assert Browser(enrolled.user).login().send(VALIDATE, codefor2fa=given)[0] == 200
    for replayed in (given, code(enrolled.secret, clock, -30)):
        assert Browser(enrolled.user).login().send(VALIDATE, codefor2fa=replayed)[0] == 511
    assert Browser(enrolled.user).login().send(VALIDATE, codefor2fa=code(enrolled.secret, clock, 30))[0] == 200
    assert Browser(enrolled.user).login().send(VALIDATE, codefor2fa=code(enrolled.secret, clock, 90))[0] == 511


def test_too_many_wrong_codes_disable_the_user_and_a_right_password_does_not_help(enrolled, clock):
    for _ in range(5):
        Browser(enrolled.user).login().send(VALIDATE, codefor2fa="000000")
    user = User.objects.get(pk=enrolled.user.pk)
    assert (user.state, TwoFactor.objects.get(user=user).failures) == (AccountState.DISABLED, 5)


def test_a_root_admin_waits_ever_longer_but_comes_in_with_a_recovery_code(tenants, setting, clock):
    setting("enable.user.2fa", "true")
    browser = Browser(tenants.root).login()
    made = browser.send(SETUP)[1]["setup2fa"]
    browser.send(VALIDATE, codefor2fa=code(made["secretcode"], clock))
    for _ in range(5):
        browser.send(VALIDATE, codefor2fa="000000")
    clock.now += 30
    status, body = browser.send(VALIDATE, codefor2fa=code(made["secretcode"], clock))
    assert status == 511
    assert "is looked at in 60 s" in body["errortext"]
    TwoFactor.objects.update(last_failure=timezone.now() - timedelta(seconds=61))
    browser.send(VALIDATE, codefor2fa="000000")
    assert "in 120 s" in browser.send(VALIDATE, codefor2fa="000000")[1]["errortext"]
    assert User.objects.get(pk=tenants.root.pk).state == AccountState.ENABLED
    assert browser.send(VALIDATE, codefor2fa=made["recoverycodes"][0])[0] == 200
    assert browser.send(VALIDATE, codefor2fa=code(made["secretcode"], clock))[0] == 200


def test_recovery_codes_are_stored_as_hashes_and_work_once(enrolled):
    assert len(set(enrolled.recovery)) == 10
    stored = str(list(RecoveryCode.objects.values()))
    first, second = enrolled.recovery[:2]
    assert first not in stored
    assert first.replace("-", "") not in stored
    browser = Browser(enrolled.user).login()
    assert browser.send(VALIDATE, codefor2fa=first.upper())[0] == 200
    assert browser.send("listUsers")[0] == 200
    assert Browser(enrolled.user).login().send(VALIDATE, codefor2fa=first)[0] == 511
    assert Browser(enrolled.user).login().send(VALIDATE, codefor2fa=second.replace("-", ""))[0] == 200
    assert Event.objects.filter(type="USER.2FA.RECOVERY").count() == 2


def test_a_pin(tenants, setting):
    setting("enable.user.2fa", "true")
    setting("user.2fa.default.provider", "staticpin")
    browser = Browser(tenants.seller).login()
    pin = browser.send(SETUP)[1]["setup2fa"]["secretcode"]
    assert len(pin) == 6
    assert pin.isdigit()
    assert browser.send(VALIDATE, codefor2fa=pin)[0] == 200
    other = Browser(tenants.seller).login()
    assert other.body["providerfor2fa"] == "staticpin"
    assert other.send(VALIDATE, codefor2fa=f"{(int(pin) + 1) % 10**6:06}")[0] == 511
    assert other.send(VALIDATE, codefor2fa=pin)[0] == 200


def test_a_mandate_leads_to_set_up_first(root, tenants, setting, clock):
    with pytest.raises(ApiError, match="could not set up"):
        root.call("updateUser", id=tenants.seller.uuid, mandate2fa=True)
    setting("enable.user.2fa", "true")
    assert root.call("updateUser", id=tenants.seller.uuid, mandate2fa=True)["user"]["is2famandated"] is True
    browser = Browser(tenants.seller).login()
    assert browser.body["is2faenabled"] == "true"
    assert "providerfor2fa" not in browser.body
    status, body = browser.send("listUsers")
    assert (status, SETUP in body["errortext"]) == (511, True)
    browser.login()
    secret = browser.send(SETUP)[1]["setup2fa"]["secretcode"]
    assert browser.send(VALIDATE, codefor2fa=code(secret, clock))[0] == 200
    assert browser.send("listUsers")[0] == 200
    assert browser.send(SETUP, enable="false")[0] == 531
    with pytest.raises(ApiError) as caught:
        root.call("updateUser", id=tenants.seller.uuid, mandate2fa=False, username="")
    assert caught.value.code == 431
    root.call("updateUser", id=tenants.seller.uuid, mandate2fa=False)
    assert browser.send(SETUP, enable="false")[0] == 200


def test_a_domain_mandates(tenants, setting):
    setting("enable.user.2fa", "true")
    setting("mandate.user.2fa", "true", tenants.sales)
    assert Browser(tenants.seller).login().body["is2faenabled"] == "true"
    assert Browser(tenants.lawyer).login().body["is2faenabled"] == "false"


def test_key_pairs_need_no_second_factor(enrolled, client_of):
    assert client_of(enrolled.user).items("listUsers")


def test_administrators_take_it_away_and_strangers_do_not(enrolled, sales_admin, client_of, tenants, root):
    for other in (tenants.lawyer, tenants.colleague, tenants.legal_admin):
        with pytest.raises(ApiError) as caught:
            client_of(other).call(SETUP, userid=enrolled.user.uuid, enable=False)
        assert caught.value.code in (431, 531)
    with pytest.raises(ApiError, match="for himself only"):
        sales_admin.call(SETUP, userid=enrolled.user.uuid)
    sales_admin.call(SETUP, userid=enrolled.user.uuid, enable=False)
    assert not TwoFactor.objects.filter(user=enrolled.user).exists()
    assert Browser(enrolled.user).login().send("listUsers")[0] == 200


def test_users_cannot_mandate(seller, tenants, setting):
    setting("enable.user.2fa", "true")
    with pytest.raises(ApiError) as caught:
        seller.call("updateUser", id=tenants.seller.uuid, mandate2fa=True)
    assert caught.value.code == 531


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_equal_codes_at_once_one_is_taken(kind):
    user = UserFactory(account=AccountFactory(root_admin=True))
    caller, manager = caller_of(user), SecondFactorManager()
    ConfigurationManager().update(caller=caller, name="enable.user.2fa", value="true")
    made = manager.set_up(caller=caller, user=user)
    generator = pyotp.TOTP(made.secret)
    now = int(time.time()) // 30
    manager.verify(caller=caller, user=user, code=generator.generate_otp(now - 1))
    same = generator.generate_otp(now) if kind == "app" else made.recovery_codes[0]
    outcomes = together(*[lambda: manager.verify(caller=caller, user=user, code=same)] * 4)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, SecondFactorNeeded) for outcome in outcomes) == 3
