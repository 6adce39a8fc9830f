"""The domain tree through the API."""

import pytest

from apps.accounts.factories import AccountFactory, UserFactory
from apps.accounts.models import Account, Domain, User
from apps.accounts.states import DomainState
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


def test_a_domain_grows_below_another(root, tenants):
    made = root.call("createDomain", name="apac", parentdomainid=tenants.sales.uuid, networkdomain="apac.example.org")
    domain = made["domain"]
    assert domain["path"] == "ROOT/sales/apac"
    assert (domain["level"], domain["parentdomainid"], domain["haschild"]) == (2, str(tenants.sales.uuid), False)
    assert domain["networkdomain"] == "apac.example.org"
    assert Event.objects.filter(type="DOMAIN.CREATE", resource_uuid=domain["id"]).count() == 1
    assert root.items("listDomains", id=tenants.sales.uuid)[0]["haschild"] is True


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"name": "emea", "parent": True}, "exists already"),
        ({"name": "a/b"}, "cannot contain"),
        ({"name": "   "}, "cannot be empty"),
        ({"name": "ok", "networkdomain": "-bad-.example"}, "networkdomain"),
        ({"name": "ok", "domainid": "no-uuid"}, "domainid"),
    ],
)
def test_impossible_domains_are_refused_and_leave_no_row(root, tenants, params, word):
    before = Domain.all_objects.count()
    if params.pop("parent", False):
        params["parentdomainid"] = tenants.sales.uuid
    with pytest.raises(ApiError) as refused:
        root.call("createDomain", **params)
    assert refused.value.code == 431
    assert word in refused.value.text
    assert Domain.all_objects.count() == before


def test_a_uuid_is_used_once(root, tenants):
    with pytest.raises(ApiError) as refused:
        root.call("createDomain", name="twin", domainid=tenants.sales.uuid)
    assert refused.value.code == 431


def test_renaming_takes_all_below_along(root, tenants):
    root.call("updateDomain", id=tenants.sales.uuid, name="trade")
    tenants.emea.refresh_from_db()
    tenants.legal.refresh_from_db()
    assert (tenants.emea.path, tenants.legal.path) == ("/trade/emea/", "/legal/")
    root.call("updateDomain", id=tenants.sales.uuid, name="Trade")
    assert root.items("listDomains", id=tenants.emea.uuid)[0]["path"] == "ROOT/Trade/emea"


def test_children_are_listed_one_level_or_all(root, tenants):
    def names(**params):
        return [domain["name"] for domain in root.items("listDomainChildren", **params)]

    assert names() == ["legal", "sales"]
    assert names(isrecursive=True) == ["legal", "sales", "emea"]
    assert names(id=tenants.sales.uuid) == ["emea"]


def test_only_an_empty_domain_goes(root, tenants):
    with pytest.raises(ApiError) as refused:
        root.call("deleteDomain", id=tenants.sales.uuid)
    assert (refused.value.code, "cleanup=true" in refused.value.text) == (536, True)

    job = root.call("deleteDomain", id=tenants.sales.uuid, cleanup=True)["jobid"]
    assert Domain.objects.get(pk=tenants.sales.pk).state == DomainState.INACTIVE
    run_jobs()
    result = root.call("queryAsyncJobResult", jobid=job)
    assert (result["jobstatus"], result["jobresult"]) == (1, {"success": True})
    assert not Domain.objects.filter(path__startswith="/sales/").exists()
    assert not Account.objects.filter(name="seller").exists()
    assert not User.objects.filter(username="seller").exists()
    assert root.call("createDomain", name="sales")["domain"]["path"] == "ROOT/sales"


def test_a_deletion_that_fails_leaves_the_domain_active(root, tenants):
    tenants.legal_admin.account.mark_removed()
    Account.objects.filter(domain=tenants.legal).update(removed=tenants.legal.created)
    job = root.call("deleteDomain", id=tenants.legal.uuid)["jobid"]
    UserFactory(account=AccountFactory(domain=tenants.legal))  # a request that was under way
    run_jobs()
    assert root.call("queryAsyncJobResult", jobid=job)["jobresult"]["errorcode"] == 536
    assert Domain.objects.get(pk=tenants.legal.pk).state == DomainState.ACTIVE


def test_a_domain_that_is_being_deleted_takes_nothing_in(root, tenants):
    root.call("deleteDomain", id=tenants.emea.uuid, cleanup=True)
    with pytest.raises(ApiError) as refused:
        root.call("createDomain", name="x", parentdomainid=tenants.emea.uuid)
    assert "being deleted" in refused.value.text


def test_root_and_the_own_domain_stay(root, sales_admin, tenants):
    with pytest.raises(ApiError) as root_domain:
        root.call("deleteDomain", id=tenants.root.domain.uuid)
    assert root_domain.value.code == 431
    with pytest.raises(ApiError) as own:
        sales_admin.call("deleteDomain", id=tenants.sales.uuid, cleanup=True)
    assert own.value.code == 531


def test_domain_admins_see_their_domain_or_their_subtree(sales_admin, seller, tenants):
    assert [domain["name"] for domain in sales_admin.items("listDomains")] == ["sales"]
    assert [domain["name"] for domain in sales_admin.items("listDomains", listall=True)] == ["sales", "emea"]
    with pytest.raises(ApiError) as refused:
        seller.call("listDomains")
    assert refused.value.code == 432


def test_a_domain_admin_does_not_delete_root_admins_with_a_domain(sales_admin, root, tenants):
    boss = UserFactory(account=AccountFactory(name="visitor", root_admin=True, domain=tenants.emea))
    with pytest.raises(ApiError) as refused:
        sales_admin.call("deleteDomain", id=tenants.emea.uuid, cleanup=True)
    assert refused.value.code == 531
    run_jobs()
    assert Account.objects.filter(pk=boss.account_id).exists()
    assert root.call("deleteDomain", id=tenants.emea.uuid, cleanup=True)["jobid"]


def test_root_admins_see_what_is_set_for_a_domain(root, sales_admin, tenants):
    sales = str(tenants.sales.uuid)
    root.call("updateConfiguration", name="user.2fa.issuer", value="Sales", domainid=sales)
    shown = {row["id"]: row.get("domaindetails") for row in root.items("listDomains", listall=True)}
    assert shown.pop(sales) == {"user.2fa.issuer": "Sales"}
    assert set(shown.values()) == {None}
    assert "domaindetails" not in sales_admin.items("listDomains", id=sales)[0]
