"""Limits: taken all at once or not at all, for the account and each domain above it."""

import pytest
from django.db import transaction

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory, caller_for
from apps.accounts.models import ResourceCount, ResourceLimit, ResourceType
from apps.accounts.services import counting
from apps.accounts.services.counting import recount_all_for_job, register_counter
from apps.accounts.services.limit_rules import GIB, by_tags
from apps.accounts.services.limits import LimitManager
from cloudstack.framework.configuration import ConfigKey, store
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import LimitExceeded
from cloudstack.testing.api import ApiError

VM, CPU, MEMORY = ResourceType.USER_VM, ResourceType.CPU, ResourceType.MEMORY
PRIMARY = ResourceType.PRIMARY_STORAGE


def held(owner, kind) -> int:
    field = "account" if hasattr(owner, "role_id") else "domain"
    return ResourceCount.objects.filter(**{field: owner}, type=kind).values_list("count", flat=True).first() or 0


@pytest.fixture
def account(tenants):
    return tenants.emea_seller.account


def test_amounts_count_for_the_account_and_all_domains_but_root(account, tenants):
    LimitManager().reserve(account, {VM: 2, CPU: 4, MEMORY: 1024})
    for owner in (account, tenants.emea, tenants.sales):
        assert [held(owner, kind) for kind in (VM, CPU, MEMORY)] == [2, 4, 1024]
    assert not ResourceCount.objects.filter(domain=tenants.root.domain).exists()
    LimitManager().release(account, {VM: 1, CPU: 4})
    for owner in (account, tenants.emea, tenants.sales):
        assert [held(owner, kind) for kind in (VM, CPU, MEMORY)] == [1, 0, 1024]


def test_what_does_not_fit_is_refused_whole_with_a_sentence(account):
    ResourceLimit.objects.create(account=account, type=CPU, max=3)
    LimitManager().reserve(account, {VM: 1, CPU: 2})
    with pytest.raises(LimitExceeded) as refused, transaction.atomic():
        LimitManager().reserve(account, {VM: 1, CPU: 2, MEMORY: 512})
    assert refused.value.message == (
        f"Maximum number of resources of type 'cpu' for account name={account.name} in domain ROOT/sales/emea "
        "has been exceeded: limit 3, used 2, asked 2"
    )
    assert [held(account, kind) for kind in (VM, CPU, MEMORY)] == [1, 2, 0]


def test_a_domain_far_above_refuses_too(account, tenants):
    ResourceLimit.objects.create(domain=tenants.sales, type=VM, max=1)
    LimitManager().reserve(tenants.seller.account, {VM: 1})
    with pytest.raises(LimitExceeded) as refused, transaction.atomic():
        LimitManager().reserve(account, {VM: 1})
    assert "for domain ROOT/sales (with all below it)" in refused.value.message
    assert held(account, VM) == 0


def test_storage_is_limited_in_gib_and_counted_in_bytes(account):
    ResourceLimit.objects.create(account=account, type=PRIMARY, max=2)
    LimitManager().reserve(account, {PRIMARY: 2 * GIB - 1})
    LimitManager().reserve(account, {PRIMARY: 1})
    with pytest.raises(LimitExceeded) as refused, transaction.atomic():
        LimitManager().reserve(account, {PRIMARY: 1})
    assert "limit 2 GiB, used 2 GiB" in refused.value.message


def test_root_admins_have_no_limits_and_minus_one_is_none(tenants, account):
    LimitManager().reserve(tenants.root.account, {VM: 1000})
    ResourceLimit.objects.create(account=account, type=VM, max=-1)
    for domain in (tenants.emea, tenants.sales):
        ResourceLimit.objects.create(domain=domain, type=VM, max=-1)
    LimitManager().reserve(account, {VM: 1000})


def test_defaults_come_from_the_settings(account, tenants):
    ConfigurationManager().update(caller=caller_for(tenants.root), name="max.account.user.vms", value="1")
    LimitManager().reserve(account, {VM: 1})
    with pytest.raises(LimitExceeded), transaction.atomic():
        LimitManager().reserve(account, {VM: 1})
    assert isinstance(ConfigKey, type)
    store.forget()


def test_counts_never_fall_below_nought(account):
    LimitManager().reserve(account, {VM: 1})
    LimitManager().release(account, {VM: 5})
    assert held(account, VM) == 0
    with pytest.raises(ValueError):
        LimitManager().reserve(account, {VM: -1})


def test_a_resize_takes_and_gives(account):
    LimitManager().reserve(account, {CPU: 2, MEMORY: 1024})
    LimitManager().adjust(account, {CPU: 2, MEMORY: -512})
    assert [held(account, CPU), held(account, MEMORY)] == [4, 512]


def test_a_reservation_takes_few_statements(account, django_assert_num_queries):
    LimitManager().reserve(account, {VM: 1, CPU: 1, MEMORY: 1})
    with transaction.atomic(), django_assert_num_queries(4):  # two of them are a savepoint
        LimitManager().reserve(
            account,
            {
                VM: 1,
                CPU: 1,
                MEMORY: 1,
            },
        )
    with transaction.atomic(), django_assert_num_queries(4):
        LimitManager().release(account, {VM: 1, CPU: 1, MEMORY: 1})


def test_limits_are_listed_and_set(root, seller, sales_admin, tenants):
    limits = {limit["resourcetypename"]: limit for limit in seller.items("listResourceLimits")}
    assert (limits["user_vm"]["max"], limits["user_vm"]["resourcetype"]) == (20, "0")
    assert (limits["user_vm"]["account"], limits["user_vm"]["domainpath"]) == ("seller", "ROOT/sales")
    assert {kind.label for kind in ResourceType} <= set(limits)
    set_to = sales_admin.call(
        "updateResourceLimit", resourcetype=0, max=3, account="seller", domainid=tenants.sales.uuid
    )["resourcelimit"]
    assert set_to["max"] == 3
    assert seller.items("listResourceLimits", resourcetype=0)[0]["max"] == 3
    root.call("updateResourceLimit", resourcetype=8, max=7, domainid=tenants.sales.uuid)
    [of_domain] = root.items("listResourceLimits", resourcetypename="cpu", domainid=tenants.sales.uuid)
    assert (of_domain["max"], "account" in of_domain) == (7, False)
    assert all(limit["max"] == -1 for limit in root.items("listResourceLimits"))
    assert root.items("listAccounts", id=tenants.root.account.uuid)[0]["vmlimit"] == "Unlimited"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"resourcetype": 99}, 431),
        ({"resourcetype": 0, "max": -2}, 431),
        ({"resourcetype": 0, "max": "x"}, 431),
        ({"resourcetype": 0, "account": "nobody"}, 431),
        ({"resourcetype": 0, "projectid": "f0f0f0f0-0000-4000-8000-000000000000"}, 431),
    ],
)
def test_impossible_limits_are_refused(root, tenants, params, code):
    with pytest.raises(ApiError) as refused:
        root.call("updateResourceLimit", **{"domainid": tenants.sales.uuid, "max": 1, **params})
    assert refused.value.code == code
    assert not ResourceLimit.objects.exists()


def test_nobody_raises_the_own_limits(sales_admin, tenants):
    own = tenants.sales_admin.account
    for params in ({"account": own.name, "domainid": tenants.sales.uuid}, {"domainid": tenants.sales.uuid}):
        with pytest.raises(ApiError) as refused:
            sales_admin.call("updateResourceLimit", resourcetype=0, max=-1, **params)
        assert refused.value.code == 531
    assert sales_admin.call("updateResourceLimit", resourcetype=0, max=1, domainid=tenants.emea.uuid)


@pytest.fixture
def machines():
    """How many machines each account has in truth; counted as an app above would."""
    truth: dict[int, int] = {}
    before = dict(counting._counters)
    register_counter(VM, lambda accounts: {pk: truth[pk] for pk in accounts if pk in truth})
    yield truth
    counting._counters.clear()
    counting._counters.update(before)


def test_a_recount_puts_figures_right_up_to_the_top(root, account, tenants, machines):
    LimitManager().reserve(account, {VM: 5})
    LimitManager().reserve(tenants.seller.account, {VM: 1})
    machines.update({account.pk: 3, tenants.seller.account.pk: 1})
    [row] = root.items("updateResourceCount", domainid=tenants.emea.uuid, account=account.name, resourcetype=0)
    assert (row["resourcecount"], row["account"]) == (3, account.name)
    assert [held(owner, VM) for owner in (account, tenants.emea, tenants.sales)] == [3, 3, 4]

    ResourceCount.objects.filter(domain=tenants.sales, type=VM).update(count=77)
    machines[account.pk] = 2
    assert recount_all_for_job() == 1
    assert [held(owner, VM) for owner in (account, tenants.emea, tenants.sales)] == [2, 2, 3]
    [total] = root.items("listDomains", id=tenants.root.domain.uuid)
    assert (total["vmtotal"], total["vmlimit"]) == (3, "Unlimited")
    [sales] = root.items("listDomains", id=tenants.sales.uuid)
    assert (sales["vmtotal"], sales["vmlimit"], sales["vmavailable"]) == (3, "40", "37")


def test_an_account_in_root_needs_no_domain_rows(db):
    account = AccountFactory(root_admin=True)
    UserFactory(account=account)
    LimitManager().reserve(account, {VM: 1})
    assert set(ResourceCount.objects.values_list("account_id", "domain_id")) == {(account.pk, None)}
    assert list(ResourceCount.objects.exclude(count=0).values_list("type", "count")) == [(VM, 1)]
    DomainFactory()


def limits_of(client, kind, **owner):
    return [limit["max"] for limit in client.items("listResourceLimits", resourcetype=kind, **owner)]


def test_limits_flow_down_the_domains(root, account, tenants):
    sales, emea = {"domainid": tenants.sales.uuid}, {"domainid": tenants.emea.uuid}
    seller = {"account": account.name, **emea}
    assert (limits_of(root, 0, **emea), limits_of(root, 0, **seller)) == ([40], [20])
    root.call("updateResourceLimit", resourcetype=0, max=100, **sales)
    assert (limits_of(root, 0, **emea), limits_of(root, 0, **seller)) == ([100], [20])
    LimitManager().reserve(account, {VM: 20})
    root.call("updateResourceLimit", resourcetype=0, max=60, **seller)
    LimitManager().reserve(account, {VM: 40})  # the domain's default of 40 gives way to what sales may hold
    root.call("updateResourceLimit", resourcetype=0, max=7, **sales)
    assert (limits_of(root, 0, **emea), limits_of(root, 0, **seller)) == ([7], [60])
    shown = root.items("listDomains", id=tenants.emea.uuid)[0]
    assert (shown["vmlimit"], shown["vmtotal"], shown["vmavailable"]) == ("7", 60, "0")


def test_nobody_gets_more_than_the_domain_above_holds(root, account, tenants):
    root.call("updateResourceLimit", resourcetype=0, max=10, domainid=tenants.sales.uuid)
    for params in ({"domainid": tenants.emea.uuid}, {"domainid": tenants.emea.uuid, "account": account.name}):
        with pytest.raises(ApiError) as refused:
            root.call("updateResourceLimit", resourcetype=0, max=11, **params)
        assert (refused.value.code, "may hold 10 of user_vm" in refused.value.text) == (431, True)
        for fine in (10, -1):
            assert root.call("updateResourceLimit", resourcetype=0, max=fine, **params)["resourcelimit"]["max"] == fine
    with pytest.raises(LimitExceeded), transaction.atomic():
        LimitManager().reserve(account, {VM: 11})


def test_the_limits_of_a_whole_branch_are_listed(root, tenants, django_assert_num_queries):
    branch = {"domainid": tenants.sales.uuid, "isrecursive": True, "keyword": "storage"}
    listed = root.items("listResourceLimits", **branch)
    assert {(limit["domainpath"], limit["resourcetypename"]) for limit in listed} == {
        (path, kind)
        for path in ("ROOT/sales", "ROOT/sales/emea")
        for kind in ("primary_storage", "secondary_storage", "backup_storage", "object_storage")
    }
    root.call("listResourceLimits", **branch)
    with django_assert_num_queries(4):
        root.call("listResourceLimits", **branch)
    DomainFactory.create_batch(3, parent=tenants.sales)
    with django_assert_num_queries(4):
        root.call("listResourceLimits", **branch)


@pytest.fixture
def gpu_limits(root, tenants):
    """Machines with the tag gpu are limited by themselves."""
    for name, tags in (("host", "gpu, fpga"), ("storage", "ssd")):
        root.call("updateConfiguration", name=f"resource.limitation.{name}.tags", value=tags)


def test_every_kind_can_be_limited_and_counted(root, tenants):
    for kind in ResourceType:
        where = {"resourcetype": int(kind), "domainid": tenants.sales.uuid}
        assert root.call("updateResourceLimit", max=3, **where)["resourcelimit"]["max"] == 3
        [counted] = root.call("updateResourceCount", **where)["resourcecount"]
        assert (counted["resourcecount"], counted["resourcetypename"]) == (0, kind.label)


def test_limits_by_tag(root, account, tenants, gpu_limits):
    where = {"account": account.name, "domainid": tenants.emea.uuid}
    shown = [(limit["resourcetypename"], limit.get("tag")) for limit in root.items("listResourceLimits", **where)]
    assert [entry for entry in shown if entry[1]] == [
        *(("user_vm", tag) for tag in ("gpu", "fpga")),
        ("volume", "ssd"),
        *(("cpu", tag) for tag in ("gpu", "fpga")),
        *(("memory", tag) for tag in ("gpu", "fpga")),
        ("primary_storage", "ssd"),
    ]
    limit = root.call("updateResourceLimit", resourcetype=0, max=1, tag="gpu", **where)["resourcelimit"]
    assert (limit["max"], limit["tag"]) == (1, "gpu")
    assert limits_of(root, 0, tag="gpu", **where) == [1]
    assert limits_of(root, 0, **where) == [20, 1, -1]
    LimitManager().reserve(account, by_tags({VM: 1, CPU: 4}, ["gpu", "unlimited"]))
    with pytest.raises(LimitExceeded) as refused, transaction.atomic():
        LimitManager().reserve(account, by_tags({VM: 1, CPU: 4}, ["gpu"]))
    assert "type 'user_vm with tag gpu'" in refused.value.message
    LimitManager().reserve(account, {VM: 1})
    [entry] = root.items("listAccounts", id=account.uuid)
    tagged = {(one["resourcetypename"], one["tag"]): one for one in entry["taggedresources"]}
    gpu = {"resourcetype": 0, "resourcetypename": "user_vm", "tag": "gpu", "limit": 1, "total": 1, "available": 0}
    assert tagged["user_vm", "gpu"] == gpu
    assert tagged["cpu", "gpu"]["total"] == 4 and tagged["cpu", "fpga"]["total"] == 0
    [only] = root.items("listAccounts", id=account.uuid, tag="ssd")
    assert {one["tag"] for one in only["taggedresources"]} == {"ssd"}
    LimitManager().release(account, by_tags({VM: 1, CPU: 4}, ["gpu"]))
    [domain] = root.items("listDomains", id=tenants.sales.uuid, tag="gpu")
    assert {one["total"] for one in domain["taggedresources"]} == {0}


def test_tags_without_limits_are_refused(root, tenants, gpu_limits):
    for params in ({"resourcetype": 0, "tag": "ssd"}, {"resourcetype": 6, "tag": "gpu"}):
        for command in ("updateResourceLimit", "updateResourceCount"):
            with pytest.raises(ApiError) as refused:
                root.call(command, domainid=tenants.sales.uuid, **params)
            assert (refused.value.code, "tag=" in refused.value.text) == (431, True), command
    assert not ResourceLimit.objects.exists()
    with pytest.raises(ApiError) as long:
        root.call("updateConfiguration", name="resource.limitation.host.tags", value="x" * 65)
    assert long.value.code == 431
