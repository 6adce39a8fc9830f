"""What another tenant owns is answered exactly as what does not exist."""

import uuid

import pytest

from apps.accounts.factories import AccountFactory, RoleFactory, UserFactory
from cloudstack.framework.context import RoleType
from cloudstack.testing.api import ApiError

TOUCHING = [
    ("updateUser", "user", {"firstname": "Eve"}),
    ("deleteUser", "user", {}),
    ("enableUser", "user", {}),
    ("lockUser", "user", {}),
    ("disableUser", "user", {}),
    ("registerUserKeys", "user", {}),
    ("getUserKeys", "user", {}),
    ("updateAccount", "account", {"newname": "mine"}),
    ("enableAccount", "account", {}),
    ("disableAccount", "account", {"lock": "false"}),
    ("deleteAccount", "account", {}),
    ("deleteDomain", "domain", {}),
]


@pytest.mark.parametrize(("command", "kind", "params"), TOUCHING)
def test_a_domain_admin_touches_nothing_of_another_domain(sales_admin, tenants, command, kind, params):
    target = {"user": tenants.lawyer, "account": tenants.lawyer.account, "domain": tenants.legal}[kind]
    before = type(target).objects.filter(pk=target.pk).values().get()

    with pytest.raises(ApiError) as other:
        sales_admin.call(command, id=target.uuid, **params)
    nobody = uuid.uuid4()
    with pytest.raises(ApiError) as missing:
        sales_admin.call(command, id=nobody, **params)

    assert other.value.code == missing.value.code == 431
    assert other.value.text.replace(str(target.uuid), "") == missing.value.text.replace(str(nobody), "")
    assert type(target).objects.filter(pk=target.pk).values().get() == before


@pytest.mark.parametrize("command", ["getUserKeys", "registerUserKeys"])
def test_a_user_gets_no_keys_of_a_colleague(seller, tenants, command):
    with pytest.raises(ApiError) as refused:
        seller.call(command, id=tenants.colleague.uuid)
    assert refused.value.code == 531
    assert not tenants.colleague.api_keys.exists()


def test_a_user_changes_only_himself(seller, tenants):
    assert seller.call("updateUser", id=tenants.seller.uuid, firstname="Grace")["user"]["firstname"] == "Grace"
    with pytest.raises(ApiError) as refused:
        seller.call("updateUser", id=tenants.colleague.uuid, firstname="Grace")
    assert refused.value.code == 531


def test_users_are_listed_within_reach_only(root, sales_admin, seller, tenants):
    assert {user["username"] for user in seller.items("listUsers", listall=True)} == {"seller", "colleague"}
    beneath = {user["id"] for user in sales_admin.items("listUsers", listall=True)}
    assert str(tenants.emea_seller.uuid) in beneath
    assert not beneath & {str(tenants.lawyer.uuid), str(tenants.root.uuid)}
    assert len(root.items("listUsers", listall=True)) == 7
    assert sales_admin.call("listUsers", id=tenants.lawyer.uuid) == {}


def test_a_user_cannot_widen_a_list_by_naming_others(seller, tenants):
    for params in ({"domainid": tenants.legal.uuid}, {"account": "lawyer"}):
        with pytest.raises(ApiError) as refused:
            seller.call("listUsers", **params)
        assert refused.value.code == 431
    assert {user["username"] for user in seller.items("listUsers", domainid=tenants.sales.uuid, isrecursive=True)} == {
        "seller",
        "colleague",
    }


def test_domain_admins_list_a_domain_or_a_subtree(sales_admin, tenants):
    def names(**params):
        return {account["id"] for account in sales_admin.items("listAccounts", **params)}

    own = str(tenants.sales_admin.account.uuid)
    seller, emea = str(tenants.seller.account.uuid), str(tenants.emea_seller.account.uuid)
    assert names() == {own}
    assert names(domainid=tenants.sales.uuid) == {own, seller}
    assert names(domainid=tenants.sales.uuid, isrecursive=True) == {own, seller, emea}
    assert names(listall=True) == {own, seller, emea}
    assert names(id=emea) == {emea}
    assert sales_admin.call("listAccounts", id=tenants.lawyer.account.uuid) == {}


def test_a_domain_whose_name_begins_like_another_is_not_part_of_it(root, sales_admin, tenants):
    other = root.call("createDomain", name="sales-2")["domain"]
    cased = root.call("createDomain", name="Salesx")["domain"]
    seen = {domain["id"] for domain in sales_admin.items("listDomains", listall=True)}
    assert seen == {str(tenants.sales.uuid), str(tenants.emea.uuid)}
    assert not seen & {other["id"], cased["id"]}
    with pytest.raises(ApiError) as taken:
        root.call("createDomain", name="SALES")
    assert taken.value.code == 431


def test_an_admin_below_root_does_not_touch_root_admins(tenants, client_of):
    """A domain admin whose domain is ROOT sees the root admins' accounts and users but does not rule them."""
    deputy = client_of(UserFactory(account=AccountFactory(domain_admin=True, domain=tenants.root.domain)))
    assert str(tenants.root.uuid) in {user["id"] for user in deputy.items("listUsers", listall=True)}
    for command, target in (
        ("registerUserKeys", tenants.root),
        ("updateUser", tenants.root),
        ("disableUser", tenants.root),
        ("deleteAccount", tenants.root.account),
    ):
        with pytest.raises(ApiError) as refused:
            deputy.call(command, id=target.uuid)
        assert refused.value.code == 531, command


def test_a_domain_admin_cannot_give_away_more_than_he_has(root, sales_admin, tenants):
    person = {"email": "x@y.example", "firstname": "a", "lastname": "b", "password": "a password"}
    with pytest.raises(ApiError) as admin:
        sales_admin.call("createAccount", username="x1", accounttype=1, **person)
    assert admin.value.code in (431, 531)

    wide = RoleFactory(type=RoleType.USER, name="wide")
    root.call("createRolePermission", roleid=wide.uuid, rule="*", permission="allow")
    with pytest.raises(ApiError) as refused:
        sales_admin.call("createAccount", username="x2", roleid=wide.uuid, **person)
    assert refused.value.code == 531
    assert "allows what yours does not" in refused.value.text

    # Nor does he enter an account that somebody else has given such a role.
    tenants.seller.account.role = wide
    tenants.seller.account.save()
    for command, params in (
        ("createUser", {"account": "seller", "username": "x3", **person}),
        ("registerUserKeys", {"id": tenants.seller.uuid}),
        ("updateUser", {"id": tenants.seller.uuid, "password": "mine at last"}),
    ):
        with pytest.raises(ApiError) as refused:
            sales_admin.call(command, **params)
        assert refused.value.code == 531, command


def test_the_system_account_is_nobodys_business(root, tenants):
    system = AccountFactory(name="system", is_system=True, root_admin=True)
    user = UserFactory(username="system", account=system)
    assert str(system.uuid) not in {account["id"] for account in root.items("listAccounts", listall=True)}
    assert str(user.uuid) not in {found["id"] for found in root.items("listUsers", listall=True)}
    with pytest.raises(ApiError) as refused:
        root.call("registerUserKeys", id=user.uuid)
    assert refused.value.code == 431
