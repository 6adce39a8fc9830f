"""Domains and users get another place, and everything that counts for them follows."""

import pytest
from django.db import transaction

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory
from apps.accounts.models import Domain, ResourceCount, ResourceLimit, ResourceType, User
from apps.accounts.services import domain_move
from apps.accounts.services.counting import recount_domain
from apps.accounts.services.limits import LimitManager
from cloudstack.framework.errors import LimitExceeded
from cloudstack.testing.api import ApiError

VM = ResourceType.USER_VM


def refused(client, command, code=431, **params):
    with pytest.raises(ApiError) as error:
        client.call(command, **params)
    assert error.value.code == code, error.value.text
    return error.value.text


def held(domain):
    return ResourceCount.objects.filter(domain=domain, type=VM).values_list("count", flat=True).first() or 0


def test_a_domain_moves_with_all_below_it(root, tenants, client_of):
    team = DomainFactory(name="team", parent=tenants.emea)
    member = UserFactory(account=AccountFactory(domain=team))
    LimitManager().reserve(member.account, {VM: 3})
    LimitManager().reserve(tenants.seller.account, {VM: 1})
    moved = root.call("moveDomain", domainid=tenants.emea.uuid, parentdomainid=tenants.legal.uuid)["domain"]
    assert (moved["path"], moved["level"], moved["parentdomainname"]) == ("ROOT/legal/emea", 2, "legal")
    team.refresh_from_db()
    assert (team.path, team.level) == ("/legal/emea/team/", 3)
    assert [held(domain) for domain in (tenants.sales, tenants.legal, tenants.emea, team)] == [1, 3, 3, 3]
    for domain in (tenants.sales, tenants.legal):
        recount_domain(domain)
    assert [held(domain) for domain in (tenants.sales, tenants.legal)] == [1, 3]
    assert [d["name"] for d in client_of(tenants.legal_admin).items("listDomains", listall=True)] == [
        "legal",
        "emea",
        "team",
    ]
    LimitManager().reserve(type(member.account).objects.get(pk=member.account_id), {VM: 1})
    assert held(tenants.legal) == 4
    root.call("moveDomain", domainid=tenants.emea.uuid, parentdomainid=tenants.root.domain.uuid)
    assert [held(domain) for domain in (tenants.legal, tenants.emea)] == [0, 4]
    events = root.items("listEvents", type="DOMAIN.MOVE")
    assert "domain ROOT/legal/emea moved to ROOT/emea" in {event["description"] for event in events}


def test_a_domain_does_not_go_where_it_cannot_be(root, tenants):
    root_domain = tenants.root.domain.uuid
    emea, sales = tenants.emea.uuid, tenants.sales.uuid
    assert "ROOT stays" in refused(root, "moveDomain", domainid=root_domain, parentdomainid=sales)
    assert "own parent" in refused(root, "moveDomain", domainid=sales, parentdomainid=sales)
    assert "is below" in refused(root, "moveDomain", domainid=sales, parentdomainid=emea)
    assert "already" in refused(root, "moveDomain", domainid=emea, parentdomainid=sales)
    DomainFactory(name="EMEA", parent=tenants.legal)
    assert "already" in refused(root, "moveDomain", domainid=emea, parentdomainid=tenants.legal.uuid)
    Domain.objects.filter(pk=tenants.legal.pk).update(state="Inactive")
    assert "being deleted" in refused(root, "moveDomain", domainid=sales, parentdomainid=tenants.legal.uuid)
    assert Domain.objects.get(pk=tenants.emea.pk).path == "/sales/emea/"


def test_a_domain_is_not_moved_past_the_limits_of_its_new_place(root, tenants):
    ResourceLimit.objects.create(domain=tenants.legal, type=VM, max=2)
    LimitManager().reserve(tenants.emea_seller.account, {VM: 3})
    where = {"domainid": tenants.emea.uuid, "parentdomainid": tenants.legal.uuid}
    assert "may hold 2 of user_vm" in refused(root, "moveDomain", 535, **where)
    assert [held(domain) for domain in (tenants.sales, tenants.legal, tenants.emea)] == [3, 0, 3]
    LimitManager().release(tenants.emea_seller.account, {VM: 1})
    root.call("moveDomain", **where)
    with pytest.raises(LimitExceeded), transaction.atomic():
        account = type(tenants.emea_seller.account).objects.get(pk=tenants.emea_seller.account_id)
        LimitManager().reserve(account, {VM: 1})


def test_a_domain_that_would_lose_something_stays(root, tenants, monkeypatch):
    asked = []

    def check(domain, leaving):
        asked.append((domain.path, leaving))
        yield "its machines are in a network"

    monkeypatch.setattr(domain_move, "_checks", [check])
    where = {"domainid": tenants.emea.uuid, "parentdomainid": tenants.legal.uuid}
    assert "its machines are in a network" in refused(root, "moveDomain", 536, **where)
    assert asked == [("/sales/emea/", ["/sales/"])]
    assert Domain.objects.get(pk=tenants.emea.pk).path == "/sales/emea/"


def test_a_user_moves_to_another_account_of_the_domain(root, tenants, client_of):
    other = AccountFactory(name="other", domain=tenants.sales)
    theirs = client_of(tenants.seller)
    assert root.call("moveUser", id=tenants.seller.uuid, account="other") == {"success": True}
    user = User.objects.get(pk=tenants.seller.pk)
    assert (user.account, list(user.groups.all())) == (other, [other.group])
    assert {user["account"] for user in theirs.items("listUsers")} == {"other"}
    root.call("moveUser", id=tenants.seller.uuid, accountid=tenants.seller.account.uuid)
    moves = root.items("listEvents", type="USER.MOVE", listall=True)
    assert "user seller moved from account seller to other" in {event["description"] for event in moves}


def test_users_stay_in_their_domain_and_installations_keep_theirs(root, sales_admin, tenants):
    user = tenants.seller.uuid
    assert "another domain" in refused(root, "moveUser", id=user, accountid=tenants.lawyer.account.uuid)
    assert "already" in refused(root, "moveUser", id=user, accountid=tenants.seller.account.uuid)
    assert "Unable to find" in refused(root, "moveUser", id=user, account="nobody")
    assert "accountid" in refused(root, "moveUser", id=user)
    refused(root, "moveUser", 531, id=tenants.root.uuid, accountid=tenants.root.account.uuid)
    refused(sales_admin, "moveUser", 432, id=user, account="other")


def test_who_may_create_offerings_with_tags(root, tenants):
    def answer(user):
        return root.call("isAccountAllowedToCreateOfferingsWithTags", id=user.account.uuid)["isallowed"]["isallowed"]

    assert (answer(tenants.root), answer(tenants.sales_admin), answer(tenants.seller)) == (True, False, False)
