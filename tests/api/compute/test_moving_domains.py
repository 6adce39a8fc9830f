"""A domain whose machines use what only the domains above it may stays; accounts show their machines."""

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.accounts.models import Account
from apps.compute.factories import service_offering
from apps.network.models import Network
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import client_of

from .conftest import Cloud


def test_machines_keep_a_domain_where_their_network_and_offering_are(cloud: Cloud) -> None:
    sales = cloud.account.domain
    team = DomainFactory(name="team", parent=sales)
    api = client_of(AccountFactory(domain=team))
    kept = service_offering("kept")
    kept.domains.add(sales)
    Network.objects.filter(pk=cloud.network.pk).update(access_domain=sales)
    answer = cloud.deploy(api, serviceofferingid=kept.uuid)
    run_jobs()
    place = {"domainid": team.uuid, "parentdomainid": cloud.lawyer_account.domain.uuid}
    with pytest.raises(ApiError) as refused:
        cloud.admin.call("moveDomain", **place)
    assert refused.value.code == 536
    assert f"networks {cloud.network.name}" in refused.value.text and "offerings kept" in refused.value.text
    below = DomainFactory(name="below", parent=sales)
    cloud.admin.call("moveDomain", domainid=team.uuid, parentdomainid=below.uuid)
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=answer["id"], expunge=True))
    moved = cloud.admin.call("moveDomain", **place)["domain"]
    assert moved["path"].endswith("/team")


def test_accounts_show_how_many_machines_run(cloud: Cloud) -> None:
    cloud.machine()
    cloud.run(cloud.deploy(startvm=False))
    [shown] = cloud.admin.items("listAccounts", id=cloud.account.uuid)
    assert (shown["vmrunning"], shown["vmstopped"], shown["vmtotal"]) == (1, 1, 2)


def test_the_default_zone_of_an_account(cloud: Cloud) -> None:
    where = {"account": cloud.account.name, "domainid": cloud.account.domain.uuid, "zoneid": cloud.zone.uuid}
    shown = cloud.run(cloud.admin.call("markDefaultZoneForAccount", **where))
    assert shown["defaultzoneid"] == str(cloud.zone.uuid)
    [listed] = cloud.api.items("listAccounts")
    assert listed["defaultzoneid"] == str(cloud.zone.uuid)
    for wrong in ({"account": "nobody"}, {"zoneid": cloud.network.uuid}):
        with pytest.raises(ApiError) as refused:
            cloud.admin.call("markDefaultZoneForAccount", **{**where, **wrong})
        assert refused.value.code == 431
    cloud.zone.mark_removed()
    assert Account.objects.get(pk=cloud.account.pk).default_zone_uuid is None
