"""Lists cost the same few statements whatever their length."""

import pytest

from apps.accounts.factories import AccountFactory, RoleFactory, UserFactory
from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.role_rules import rules_of

AUTHENTICATION = 1


@pytest.mark.parametrize(
    ("command", "statements"),
    [
        ("listAccounts", 5),
        ("listUsers", 1),
        ("listDomains", 3),
        ("listDomainChildren", 3),
        ("listRoles", 1),
        ("listRolePermissions", 1),
        ("listResourceLimits", 2),
    ],
)
def test_lists_take_few_statements(root, tenants, django_assert_num_queries, command, statements):
    for account in AccountFactory.create_batch(5):
        UserFactory.create_batch(2, account=account)
        LimitManager().reserve(account, {ResourceType.USER_VM: 1})
    RoleFactory.create_batch(3)
    params = {} if command in ("listRoles", "listRolePermissions", "listResourceLimits") else {"listall": True}
    root.call(command, **params)  # settings and rules are read once per process
    with django_assert_num_queries(AUTHENTICATION + statements):
        root.call(command, **params)


@pytest.mark.parametrize("command", ["listAccounts", "listUsers", "listDomains"])
def test_narrower_callers_cost_no_more(sales_admin, tenants, django_assert_max_num_queries, command):
    sales_admin.call(command, listall=True)
    with django_assert_max_num_queries(AUTHENTICATION + 5):
        sales_admin.call(command, listall=True)


def test_a_known_version_of_the_rules_is_not_read_again(tenants, django_assert_num_queries):
    role = tenants.seller.account.role
    with django_assert_num_queries(1):
        rules_of(role.pk, role.version)
        rules_of(role.pk, role.version)
    with django_assert_num_queries(1):
        rules_of(role.pk, role.version + 1)
