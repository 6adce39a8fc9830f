"""Cases of test_oidc.py, in a process whose environment names a provider. Each has the name of its configuration."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.test import Client

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory
from apps.accounts.models import Account, User
from apps.accounts.selectors import caller_of
from apps.accounts.services.bootstrap import ensure_root
from apps.accounts.services.second_factor import SecondFactorManager
from apps.accounts.services.users import UserManager
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager
from tests.support.oidc_provider import Provider

ANNA = {"sub": "a-1", "email": "Anna@example.org", "email_verified": True, "login": "anna", "given_name": "Anna"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider(urlsplit(settings.OIDC.issuer).port, settings.OIDC.client_id, settings.OIDC.client_secret)
    yield made
    made.close()


@pytest.fixture
def anna(db: None) -> User:
    store.forget()
    sales = DomainFactory(name="sales")
    return UserFactory(username="anna", email="anna@example.org", account=AccountFactory(name="anna", domain=sales))


def come(provider: Provider, person: dict, client: Client | None = None, target: str = "/profile/"):
    """Press the button, go to the provider, come back; answers the client and the last answer."""
    client = client or Client()
    provider.person = person
    away = client.post("/sign-in/provider/", {"next": target})
    assert away.status_code == 302 and away["Location"].startswith(provider.issuer), away["Location"]
    back = requests.get(away["Location"], allow_redirects=False, timeout=5)
    where = urlsplit(back.headers["Location"])
    assert where.path == "/sign-in/provider/callback/"
    return client, client.get(where.path, parse_qs(where.query))


def is_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def words(client: Client) -> str:
    return client.get("/sign-in/").content.decode()


def test_email_finds_the_user_and_the_subject_keeps_him(anna: User, provider: Provider) -> None:
    page = Client().get("/sign-in/")
    assert b"Sign in with Example Login" in page.content and b'name="password"' in page.content
    assert page["Content-Security-Policy"].endswith(f"form-action 'self' {provider.issuer}")
    assert provider.issuer not in Client().get("/second-factor/", follow=False)["Content-Security-Policy"]
    client, answer = come(provider, ANNA)
    assert answer["Location"] == "/profile/" and is_in(client)
    # From now on the subject counts, whatever the address has become here or there.
    User.objects.update(email="new@example.org")
    client, answer = come(provider, {"sub": "a-1", "email": "other@example.org"}, target="https://evil.example/")
    assert answer["Location"] == "/" and is_in(client)
    # Whoever has got the address later is somebody else.
    User.objects.update(email="anna@example.org")
    client, answer = come(provider, {**ANNA, "sub": "a-2"})
    assert answer["Location"] == "/sign-in/" and not is_in(client) and "no user for you" in words(client)
    listed = Client().get("/client/api", {"command": "listOauthProvider", "response": "json"}).json()
    told = listed["listoauthproviderresponse"]["oauthprovider"]
    assert [one["name"] for one in told] == ["Example Login"] and "shared-secret" not in str(told)


@pytest.mark.parametrize(
    "person",
    [
        {**ANNA, "email_verified": False},
        {"sub": "a-1", "email": "anna@example.org"},
        {"sub": "a-1", "email": "nobody@example.org", "email_verified": True},
        {"sub": "a-1", "login": "anna", "preferred_username": "anna"},
    ],
    ids=["unverified", "unsaid", "unknown", "no-address"],
)
def test_email_that_is_not_verified_opens_nothing(anna: User, provider: Provider, person: dict) -> None:
    client, answer = come(provider, person)
    assert answer["Location"] == "/sign-in/" and not is_in(client)
    assert not SocialAccount.objects.exists() and User.objects.filter(account__is_system=False).count() == 1


def test_email_of_another_domain_or_of_two_users_opens_nothing(anna: User, provider: Provider) -> None:
    UserFactory(username="boss", email="boss@example.org", account=AccountFactory(root_admin=True))
    client, _answer = come(provider, {"sub": "b-1", "email": "boss@example.org", "email_verified": True})
    assert not is_in(client)
    UserFactory(username="anna2", email="anna@EXAMPLE.org", account=anna.account)
    client, _answer = come(provider, ANNA)
    assert not is_in(client) and not SocialAccount.objects.exists()


@pytest.mark.parametrize("twist", ["signature", "audience", "expired", "issuer", "denied"])
def test_email_in_a_token_that_is_not_right_opens_nothing(anna: User, provider: Provider, twist: str) -> None:
    provider.twist = twist
    client, answer = come(provider, ANNA)
    assert answer["Location"] == "/sign-in/" and not is_in(client) and not SocialAccount.objects.exists()
    assert "did not come to an end" in words(client)


def test_email_needs_the_browser_that_began(anna: User, provider: Provider) -> None:
    provider.person = ANNA
    away = Client().post("/sign-in/provider/", {})
    back = urlsplit(requests.get(away["Location"], allow_redirects=False, timeout=5).headers["Location"])
    victim = Client()
    assert victim.get(back.path, parse_qs(back.query))["Location"] == "/sign-in/" and not is_in(victim)
    assert Client(enforce_csrf_checks=True).post("/sign-in/provider/", {}).status_code == 403
    assert Client().get("/sign-in/provider/").status_code == 405
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/email/", "/accounts/social/connections/"):
        assert Client().get(path).status_code == 404
    provider.close()
    assert Client().post("/sign-in/provider/", {})["Location"] == "/sign-in/"


def test_email_is_no_second_factor(anna: User, provider: Provider) -> None:
    boss = UserFactory(username="boss", account=AccountFactory(root_admin=True))
    ConfigurationManager().update(caller=caller_of(boss), name="enable.user.2fa", value="true")
    made = SecondFactorManager().set_up(caller=caller_of(anna), user=anna, provider="staticpin")
    SecondFactorManager().verify(caller=caller_of(anna), user=anna, code=made.secret)
    client, answer = come(provider, ANNA)
    assert answer["Location"] == "/second-factor/" and not is_in(client)
    client.post("/second-factor/", {"do": "verify", "code": made.secret})
    assert is_in(client)
    UserManager().lock(caller=caller_of(boss), user=anna)
    client, answer = come(provider, ANNA)
    assert answer["Location"] == "/sign-in/" and not is_in(client)


def test_name_finds_the_user_and_the_provider_has_asked_for_the_factor(anna: User, provider: Provider) -> None:
    boss = UserFactory(username="boss", account=AccountFactory(root_admin=True))
    ConfigurationManager().update(caller=caller_of(boss), name="enable.user.2fa", value="true")
    ConfigurationManager().update(caller=caller_of(boss), name="mandate.user.2fa", value="true")
    client, _answer = come(provider, {**ANNA, "login": "otto"})
    assert not is_in(client), "with a name to match, an address opens nothing"
    client, answer = come(provider, {"sub": "a-1", "login": "anna"})
    assert answer["Location"] == "/profile/" and is_in(client)


def test_role_of_whoever_is_made_a_user(anna: User, provider: Provider) -> None:
    ensure_root("first", "first-Passw0rd")
    unverified = {"sub": "o-1", "preferred_username": "otto", "email": "otto@example.org"}
    client, _answer = come(provider, unverified)
    assert not is_in(client) and not User.objects.filter(username="otto").exists()
    otto = {**unverified, "email_verified": True, "family_name": "Otto"}
    client, answer = come(provider, otto)
    assert answer["Location"] == "/profile/" and is_in(client)
    user = User.objects.get(username="otto")
    assert user.account.role.name == "User" and user.account.domain.name == "sales" and not user.has_usable_password()
    # A name that is taken is never taken over.
    client, _answer = come(provider, {**otto, "sub": "x-1", "preferred_username": "anna", "email": "x@example.org"})
    assert not is_in(client) and Account.objects.filter(name="anna").count() == 1
    UserManager().delete(caller=caller_of(UserFactory(account=AccountFactory(root_admin=True))), user=user)
    client, _answer = come(provider, otto)
    assert not is_in(client), "his account is still there under its name"
