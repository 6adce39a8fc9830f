"""Several key pairs of a user: names, dates, networks, and who may see and change them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Account, ApiKeyPair, User
from cloudstack.framework.configuration import Scope
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiClient, ApiError


def client(pair: dict) -> ApiClient:
    return ApiClient(pair["apikey"], pair["secretkey"])


def refused(client: ApiClient) -> str:
    with pytest.raises(ApiError) as caught:
        client.call("listUsers")
    assert caught.value.code == 401
    return caught.value.text


@pytest.fixture
def made(seller, tenants):
    """A further pair of the seller."""

    def make(**params) -> dict:
        return seller.call("registerUserKeys", id=tenants.seller.uuid, **params)["userkeys"]

    return make


def test_a_user_has_a_pair_for_each_purpose(seller, tenants, made):
    main, ci = made(), made(name="ci", description="the builds")
    assert client(main).items("listUsers")
    assert client(ci).items("listUsers")
    assert (ci["name"], ci["description"], ci["state"]) == ("ci", "the builds", "enabled")
    again = made()
    refused(client(main))
    assert client(ci).items("listUsers")
    with pytest.raises(ApiError, match="a key pair ci already"):
        made(name="ci")
    shown = seller.call("getUserKeys", id=tenants.seller.uuid)["userkeys"]
    assert shown["apikey"] == again["apikey"]
    chosen = seller.call("getUserKeys", id=tenants.seller.uuid, keypairid=ci["id"])["userkeys"]
    assert chosen["secretkey"] == ci["secretkey"]
    assert seller.items("listUsers", id=tenants.seller.uuid)[0].get("apikey") is None
    listed = {pair.get("name"): pair for pair in seller.items("listUserKeys")}
    assert {None, "ci"} <= set(listed)
    assert all("secretkey" not in pair for pair in listed.values())


def test_a_pair_is_refused_outside_its_dates(seller, made):
    tomorrow = timezone.now() + timedelta(days=1)
    early = made(name="early", startdate=tomorrow)
    assert early["state"] == "pending"
    assert "not valid before" in refused(client(early))
    ending = made(name="ending", enddate=tomorrow)
    assert client(ending).items("listUsers")
    ApiKeyPair.objects.filter(uuid=ending["id"]).update(end_date=timezone.now())
    assert "ended at" in refused(client(ending))
    assert seller.items("listUserKeys", name="ending")[0]["state"] == "expired"


def test_a_pair_is_refused_from_elsewhere_and_only_the_owner_learns_why(made):
    here = made(name="here", cidrlist="127.0.0.0/8,::1/128")
    assert client(here).items("listUsers")
    office = made(name="office", cidrlist="10.1.0.0/16")
    assert "from 127.0.0.1" in refused(client(office))
    assert "127.0.0.1" not in refused(ApiClient(office["apikey"], "wrong"))


def test_behind_a_proxy_only_its_own_word_counts(made, settings):
    office = client(made(name="office", cidrlist="10.1.0.0/16"))
    claimed = {"HTTP_X_FORWARDED_FOR": "10.1.2.3"}
    signed = office.sign({"command": "listUsers", "response": "json"})
    assert office.http.get("/client/api", signed, **claimed).status_code == 401
    settings.TRUSTED_PROXY = True
    assert office.http.get("/client/api", signed, **claimed).status_code == 200
    forged = {"HTTP_X_FORWARDED_FOR": "10.1.2.3, 192.0.2.7"}
    assert office.http.get("/client/api", signed, **forged).status_code == 401


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"cidrlist": "10.0.0.300/8"}, "cidrlist"),
        ({"enddate": "2001-01-01"}, "enddate"),
        ({"startdate": "2999-01-02", "enddate": "2999-01-01"}, "enddate"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(seller, made, params, word):
    with pytest.raises(ApiError, match=word) as caught:
        made(name="odd", **params)
    assert caught.value.code == 431
    assert seller.items("listUserKeys", name="odd") == []


def test_a_pair_is_changed_switched_off_and_deleted(seller, made):
    pair = made(name="ci")
    changed = seller.call("updateUserKeys", id=pair["id"], name="cd", enabled=False, cidrlist="10.0.0.0/8")["userkeys"]
    assert (changed["name"], changed["state"], changed["cidrlist"]) == ("cd", "disabled", "10.0.0.0/8")
    assert "disabled" in refused(client(pair))
    seller.call("updateUserKeys", id=pair["id"], enabled=True, cidrlist="")
    assert client(pair).items("listUsers")
    assert seller.call("deleteUserKeys", id=pair["id"]) == {"success": True}
    refused(client(pair))
    assert Event.objects.filter(type="USER.KEY.DELETE").count() == 1
    with pytest.raises(ApiError, match="nothing to change"):
        seller.call("updateUserKeys", id=made(name="ci")["id"])


def test_nobody_else_sees_or_touches_them(root, sales_admin, seller, tenants, client_of, made):
    pair = made(name="ci")
    lawyer, colleague = client_of(tenants.lawyer), client_of(tenants.colleague)
    for other in (lawyer, colleague):
        with pytest.raises(ApiError) as caught:
            other.call("deleteUserKeys", id=pair["id"])
        assert caught.value.code == 431
        assert pair["id"] not in {row["id"] for row in other.items("listUserKeys", listall=True)}
    assert pair["id"] in {row["id"] for row in sales_admin.items("listUserKeys", userid=tenants.seller.uuid)}
    boss = root.call("registerUserKeys", id=tenants.root.uuid, name="boss")["userkeys"]
    insider = client_of(User.objects.get(pk=tenants.sales_admin.pk))
    with pytest.raises(ApiError) as caught:
        insider.call("deleteUserKeys", id=boss["id"])
    assert caught.value.code == 431


def test_access_by_keys_is_the_users_or_the_accounts_or_the_domains_choice(root, seller, tenants, made):
    pair = client(made(name="ci"))
    manager, caller = ConfigurationManager(), None
    from apps.accounts.selectors import caller_of

    caller = caller_of(tenants.root)
    manager.update(
        caller=caller, name="api.key.access", value="false", scope=Scope.DOMAIN, scope_uuid=tenants.sales.uuid
    )
    assert "switched off" in refused(pair)
    assert root.items("listUsers")
    assert root.call("getUserKeys", id=tenants.seller.uuid)["userkeys"]["apikeyaccess"] is False
    Account.objects.filter(pk=tenants.seller.account_id).update(api_key_access=True)
    assert pair.items("listUsers")
    root.call("updateUser", id=tenants.seller.uuid, apikeyaccess="DISABLED")
    assert "switched off" in refused(pair)


def test_a_list_of_pairs_costs_one_statement(seller, made, django_assert_num_queries):
    made(name="a")
    seller.items("listUserKeys")
    with django_assert_num_queries(2):
        seller.items("listUserKeys")
    for name in "bcde":
        made(name=name)
    with django_assert_num_queries(2):
        assert len(seller.items("listUserKeys")) == 6
