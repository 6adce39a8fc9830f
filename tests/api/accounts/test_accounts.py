"""Accounts through the API: open, change, shut, close."""

import pytest
from django.contrib.auth.models import Group

from apps.accounts.models import Account, User
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.states import AccountState
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs

PERSON = {"email": "ada@example.org", "firstname": "Ada", "lastname": "L", "password": "s3cret-words"}


@pytest.fixture(autouse=True)
def default_roles(db):
    ensure_default_roles()


def test_an_account_opens_with_its_first_user(root, tenants):
    account = root.call(
        "createAccount",
        method="POST",
        username="ada",
        account="engines",
        accounttype=0,
        domainid=tenants.sales.uuid,
        timezone="Europe/London",
        accountdetails={"cost": "42"},
        **PERSON,
    )["account"]
    assert (account["name"], account["accounttype"], account["rolename"], account["roletype"]) == (
        "engines",
        0,
        "User",
        "User",
    )
    assert account["domainpath"] == "ROOT/sales"
    assert account["accountdetails"] == {"cost": "42"}
    assert [user["username"] for user in account["user"]] == ["ada"]
    assert (account["vmlimit"], account["vmtotal"], account["vmavailable"]) == ("20", 0, "20")
    user = User.objects.get(username="ada")
    assert user.check_password("s3cret-words")
    assert list(user.groups.all()) == [Account.objects.get(uuid=account["id"]).group]
    assert set(Event.objects.values_list("type", flat=True)) >= {"ACCOUNT.CREATE", "USER.CREATE"}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "roleid"),
        ({"accounttype": 7}, "accounttype=7"),
        ({"accounttype": "many"}, "accounttype"),
        ({"accounttype": 0, "email": "nobody"}, "no mail address"),
        ({"accounttype": 0, "timezone": "Europe/Atlantis"}, "Europe/Atlantis"),
        ({"accounttype": 0, "account": "seller", "in_sales": True}, "exists already"),
        ({"accounttype": 0, "username": "seller", "in_sales": True}, "exists already"),
        ({"accounttype": 0, "password": ""}, "password"),
        ({"accounttype": 0, "account": "x" * 101}, "101"),
        ({"accounttype": 0, "networkdomain": "a b"}, "networkdomain"),
    ],
)
def test_impossible_accounts_are_refused_and_leave_no_row(root, tenants, changes, word):
    before = Account.all_objects.count(), User.all_objects.count(), Group.objects.count()
    params = {**PERSON, "username": "new", **changes}
    if params.pop("in_sales", False):
        params["domainid"] = tenants.sales.uuid
    with pytest.raises(ApiError) as refused:
        root.call("createAccount", **params)
    assert refused.value.code == 431
    assert word in refused.value.text
    assert (Account.all_objects.count(), User.all_objects.count(), Group.objects.count()) == before


def test_names_are_free_again_after_deletion_and_in_other_domains(root, tenants):
    root.call("createAccount", username="seller", accounttype=0, domainid=tenants.legal.uuid, **PERSON)
    tenants.seller.account.mark_removed()
    User.objects.filter(account=tenants.seller.account).update(removed=tenants.seller.created)
    root.call("createAccount", username="seller", accounttype=0, domainid=tenants.sales.uuid, **PERSON)


def test_an_account_is_disabled_locked_and_enabled(root, seller, tenants):
    account = tenants.seller.account
    job = root.call("disableAccount", id=account.uuid, lock=False)["jobid"]
    run_jobs()
    shown = root.call("queryAsyncJobResult", jobid=job)["jobresult"]["account"]
    assert (shown["id"], shown["state"]) == (str(account.uuid), "disabled")
    with pytest.raises(ApiError) as shut:
        seller.call("listUsers")
    assert shut.value.code == 401

    with pytest.raises(ApiError) as refused:
        root.call("lockAccount", account="seller", domainid=tenants.sales.uuid)
    assert refused.value.code == 431
    assert root.call("enableAccount", id=account.uuid)["account"]["state"] == "enabled"
    assert seller.items("listUsers")
    assert root.call("lockAccount", account="seller", domainid=tenants.sales.uuid)["account"]["state"] == "locked"
    types = list(Event.objects.filter(resource_uuid=account.uuid).order_by("pk").values_list("type", flat=True))
    assert types == ["ACCOUNT.DISABLE", "ACCOUNT.ENABLE", "ACCOUNT.LOCK"]


def test_an_account_is_changed(root, tenants):
    account = tenants.seller.account
    changed = root.call(
        "updateAccount",
        account="seller",
        domainid=tenants.sales.uuid,
        newname="trader",
        networkdomain="trade.example.org",
        apikeyaccess="disabled",
    )["account"]
    assert (changed["name"], changed["networkdomain"], changed["apikeyaccess"]) == (
        "trader",
        "trade.example.org",
        "DISABLED",
    )
    admin = root.items("listRoles", name="Domain Admin")[0]
    assert root.call("updateAccount", id=account.uuid, roleid=admin["id"])["account"]["accounttype"] == 2


def test_keys_do_not_work_where_access_is_off(root, seller, tenants):
    assert seller.items("listUsers")
    root.call("updateAccount", id=tenants.seller.account.uuid, apikeyaccess="DISABLED")
    with pytest.raises(ApiError) as refused:
        seller.call("listUsers")
    assert refused.value.code == 401
    root.call("updateUser", id=tenants.seller.uuid, apikeyaccess="ENABLED")
    assert seller.items("listUsers")


def test_an_account_that_owns_nothing_is_closed_with_its_users(root, seller, tenants):
    account = tenants.seller.account
    job = root.call("deleteAccount", id=account.uuid)["jobid"]
    assert Account.objects.get(pk=account.pk).state == AccountState.DISABLED
    run_jobs()
    assert root.call("queryAsyncJobResult", jobid=job)["jobstatus"] == 1
    assert not Account.objects.filter(pk=account.pk).exists()
    assert not User.objects.filter(account=account).exists()
    with pytest.raises(ApiError) as gone:
        seller.call("listUsers")
    assert gone.value.code == 401
    assert root.call("listAccounts", id=account.uuid) == {}


def test_nobody_closes_the_own_account(root, tenants):
    for command, params in (("deleteAccount", {}), ("disableAccount", {"lock": False})):
        with pytest.raises(ApiError) as refused:
            root.call(command, id=tenants.root.account.uuid, **params)
        assert refused.value.code == 531


def test_min_leaves_the_figures_away(root, tenants):
    [short] = root.items("listAccounts", id=tenants.seller.account.uuid, details="min")
    [full] = root.items("listAccounts", id=tenants.seller.account.uuid)
    assert "vmlimit" not in short
    assert full["vmlimit"] == "20"
