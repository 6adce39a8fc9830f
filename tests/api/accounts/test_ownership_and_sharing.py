"""Whose things are listed, who may be named as the owner, and what sharing adds."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from guardian.shortcuts import assign_perm

from apps.accounts.factories import AccountFactory, UserFactory, caller_for
from apps.accounts.models import Account
from apps.accounts.selectors import owned_scope
from apps.accounts.services import removal
from apps.accounts.services.ownership import resolve_owner
from apps.accounts.states import AccountState
from apps.compute.models import SshKeyPair
from cloudstack.api.roles import Access
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


def key_of(user, name=""):
    account = user.account
    return SshKeyPair.objects.create(
        account=account, domain=account.domain, name=name or f"of {user.username}", public_key="k", fingerprint="f"
    )


@pytest.fixture
def keys(tenants):
    return {
        name: key_of(getattr(tenants, name))
        for name in ("root", "sales_admin", "seller", "emea_seller", "lawyer", "legal_admin")
    }


def reached(user, access=Access.USE, **options):
    scope = owned_scope(SshKeyPair.objects.all(), caller=caller_for(user), access=access, **options)
    return {key.account.users.order_by("pk")[0] for key in scope}


def test_reach_follows_role_and_domain(tenants, keys):
    for access in Access:
        assert len(reached(tenants.root, access)) == len(keys)
        assert reached(tenants.sales_admin, access) == {tenants.sales_admin, tenants.seller, tenants.emea_seller}
        assert reached(tenants.seller, access) == {tenants.seller}
        assert reached(tenants.colleague, access) == {tenants.seller}


def test_what_is_shared_can_be_used_and_nothing_more(tenants, keys, django_assert_num_queries):
    content_type = ContentType.objects.get_for_model(SshKeyPair)
    Permission.objects.create(codename="use_sshkeypair", name="may use it", content_type=content_type)
    assign_perm("compute.use_sshkeypair", tenants.seller.account.group, keys["lawyer"])
    assign_perm("compute.view_sshkeypair", tenants.seller.account.group, keys["legal_admin"])

    both = {tenants.seller, tenants.lawyer}
    assert reached(tenants.seller, shareable=True) == reached(tenants.seller, shareable="use_sshkeypair") == both
    assert reached(tenants.colleague, shareable=True) == both
    assert reached(tenants.seller) == {tenants.seller}
    assert reached(tenants.emea_seller, shareable=True) == {tenants.emea_seller}
    for access in (Access.OPERATE, Access.MODIFY, Access.ADMIN):
        assert reached(tenants.seller, access, shareable=True) == {tenants.seller}
    caller = caller_for(tenants.seller)
    with django_assert_num_queries(1):
        assert len(owned_scope(SshKeyPair.objects.all(), caller=caller, access=Access.USE, shareable=True)) == 2


def names(client, **params):
    return {key["name"] for key in client.items("listSSHKeyPairs", **params)}


def test_lists_mean_the_rows_that_their_parameters_name(root, sales_admin, seller, tenants, keys):
    seller_key, emea_key = keys["seller"].name, keys["emea_seller"].name
    own, boss = keys["sales_admin"].name, keys["root"].name
    everything = {key.name for key in keys.values()}

    assert names(seller) == names(seller, listall=True) == {seller_key}
    assert names(seller, domainid=tenants.sales.uuid, isrecursive=True) == {seller_key}
    assert names(seller, account="seller", domainid=tenants.sales.uuid) == {seller_key}

    assert names(sales_admin) == {own}
    assert names(sales_admin, listall=True) == {own, seller_key, emea_key}
    assert names(sales_admin, domainid=tenants.sales.uuid) == {own, seller_key}
    assert names(sales_admin, domainid=tenants.sales.uuid, isrecursive=True) == {own, seller_key, emea_key}
    assert names(sales_admin, account="seller") == {seller_key}

    assert names(root) == {boss}
    assert names(root, listall=True) == everything
    assert names(root, account="lawyer", domainid=tenants.legal.uuid) == {keys["lawyer"].name}
    assert names(root, projectid="-1") == set()
    assert names(root, projectid="-1", listall=True) == everything
    assert names(seller, projectid="-1") == {seller_key}


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"account": "lawyer"}, "could not find account lawyer"),
        ({"domain": "legal"}, "Unable to find domain"),
        ({"account": "seller", "projectid": "-1"}, "can't be specified together"),
        ({"projectid": "f0f0f0f0-0000-4000-8000-000000000000"}, "Unable to find project"),
    ],
)
def test_a_list_of_what_is_out_of_reach_is_an_error(sales_admin, tenants, params, word):
    if params.pop("domain", ""):
        params = {"domainid": tenants.legal.uuid}
    with pytest.raises(ApiError) as refused:
        sales_admin.call("listSSHKeyPairs", **params)
    assert refused.value.code == 431
    assert word in refused.value.text


def test_everyone_owns_what_he_makes_unless_an_administrator_says_otherwise(tenants):
    seller, admin, boss = (caller_for(user) for user in (tenants.seller, tenants.sales_admin, tenants.root))
    mine = tenants.seller.account
    assert resolve_owner(seller) == mine
    assert resolve_owner(seller, "seller", tenants.sales) == mine
    assert resolve_owner(admin, "seller") == mine
    assert resolve_owner(boss, "lawyer", tenants.legal) == tenants.lawyer.account
    for caller, arguments, error in (
        (seller, ("lawyer", tenants.legal), InvalidParameter),
        (seller, (tenants.sales_admin.account.name, None), InvalidParameter),
        (admin, ("lawyer", tenants.legal), InvalidParameter),
        (boss, ("seller", tenants.legal), InvalidParameter),
        (boss, (None, tenants.legal), InvalidParameter),
    ):
        with pytest.raises(error):
            resolve_owner(caller, *arguments)


def test_nothing_is_made_for_an_account_that_is_shut(tenants):
    Account.objects.filter(pk=tenants.seller.account_id).update(state=AccountState.LOCKED)
    with pytest.raises(PermissionDenied):
        resolve_owner(caller_for(tenants.root), "seller", tenants.sales)


def test_a_domain_admin_does_not_spend_what_root_admins_have(tenants):
    deputy = UserFactory(account=AccountFactory(domain_admin=True, domain=tenants.root.domain))
    with pytest.raises(InvalidParameter):
        resolve_owner(caller_for(deputy), "boss")


def test_what_nobody_knows_how_to_remove_keeps_its_owner(root, tenants, keys, monkeypatch):
    monkeypatch.delitem(removal._removers, SshKeyPair)
    with pytest.raises(ApiError) as account:
        root.call("deleteAccount", id=tenants.seller.account.uuid)
    with pytest.raises(ApiError) as domain:
        root.call("deleteDomain", id=tenants.sales.uuid, cleanup=True)
    assert account.value.code == domain.value.code == 536
    assert "it owns 1 SSH key pair" in account.value.text
    assert "3 SSH key pairs" in domain.value.text
    assert Account.objects.get(pk=tenants.seller.account_id).state == AccountState.ENABLED


def test_an_account_goes_with_its_keys_and_leaves_those_of_others(root, tenants, keys):
    root.call("deleteAccount", id=tenants.seller.account.uuid)
    run_jobs()
    assert not Account.objects.filter(pk=tenants.seller.account_id).exists()
    assert SshKeyPair.objects.count() == len(keys) - 1


def test_what_was_shared_with_a_closed_account_is_shared_no_more(root, tenants, keys):
    group = tenants.emea_seller.account.group
    assign_perm("compute.view_sshkeypair", group, keys["lawyer"])
    keys["emea_seller"].mark_removed()
    root.call("deleteAccount", id=tenants.emea_seller.account.uuid)
    run_jobs()
    assert not group.groupobjectpermission_set.exists()
