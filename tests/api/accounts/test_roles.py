"""Roles: the first rule that matches decides, and a change counts from the next call on."""

import pytest

from apps.accounts.factories import AccountFactory, UserFactory
from apps.accounts.models import Role
from apps.accounts.services.bootstrap import ensure_default_roles
from cloudstack.testing.api import ApiError


@pytest.fixture
def role(root):
    return root.call("createRole", name="clerk", type="User", description="reads")["role"]


@pytest.fixture
def clerk(role, client_of, tenants):
    account = AccountFactory(role=Role.objects.get(uuid=role["id"]), domain=tenants.sales)
    return client_of(UserFactory(account=account))


def rule(root, role, text, permission):
    return root.call("createRolePermission", roleid=role["id"], rule=text, permission=permission)["rolepermission"]


def refused(client, command, **params):
    with pytest.raises(ApiError) as error:
        client.call(command, **params)
    return error.value.code


def test_without_rules_the_commands_own_declaration_holds(clerk):
    assert clerk.items("listUsers")
    assert refused(clerk, "listRoles") == 432


def test_the_first_match_decides_whatever_the_case(root, role, clerk):
    first = rule(root, role, "LISTu*", "deny")
    assert refused(clerk, "listUsers") == 432
    assert clerk.items("listAccounts")
    second = rule(root, role, "listUsers", "allow")
    assert refused(clerk, "listUsers") == 432
    root.call("updateRolePermission", roleid=role["id"], ruleorder=[second["id"], first["id"]])
    assert clerk.items("listUsers")
    listed = root.items("listRolePermissions", roleid=role["id"])
    assert [(entry["rule"], entry["permission"]) for entry in listed] == [("listUsers", "allow"), ("LISTu*", "deny")]
    root.call("updateRolePermission", roleid=role["id"], ruleid=second["id"], permission="deny")
    assert refused(clerk, "listUsers") == 432
    root.call("deleteRolePermission", id=second["id"])
    root.call("deleteRolePermission", id=first["id"])
    assert clerk.items("listUsers")


def test_a_rule_opens_what_the_declaration_would_not(root, role, clerk):
    rule(root, role, "listRoles", "allow")
    [own] = clerk.items("listRoles")
    assert own["name"] == "clerk"


def test_a_rule_does_not_open_other_tenants(root, role, clerk, tenants):
    rule(root, role, "*", "allow")
    assert refused(clerk, "deleteUser", id=tenants.lawyer.uuid) == 431
    assert refused(clerk, "updateDomain", id=tenants.sales.uuid, name="x") == 531
    assert refused(clerk, "updateResourceLimit", resourcetype=0, max=-1, domainid=tenants.sales.uuid) == 531
    assert refused(clerk, "createRole", name="mine", type="Admin") == 531
    assert refused(clerk, "createDomain", name="mine") == 531
    person = {"email": "a@b.example", "firstname": "a", "lastname": "b", "password": "a password", "username": "n"}
    assert refused(clerk, "createAccount", roleid=role["id"], **person) == 531
    assert refused(clerk, "createUser", account="lawyer", domainid=tenants.sales.uuid, **person) == 431
    assert refused(clerk, "updateResourceCount", domainid=tenants.sales.uuid) == 531


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"rule": "list Users"}, 431),
        ({"rule": "list.*"}, 431),
        ({"permission": "perhaps"}, 431),
        ({"rule": "LISTUSERS"}, 431),
    ],
)
def test_rules_that_cannot_be_are_refused(root, role, params, code):
    rule(root, role, "listUsers", "allow")
    with pytest.raises(ApiError) as error:
        root.call("createRolePermission", **{"roleid": role["id"], "rule": "x", "permission": "allow", **params})
    assert error.value.code == code


def test_an_order_names_every_rule_once(root, role):
    first, second = rule(root, role, "a", "allow"), rule(root, role, "b", "allow")
    for order in ([first["id"]], [first["id"], second["id"], second["id"][::-1]]):
        assert refused(root, "updateRolePermission", roleid=role["id"], ruleorder=order) == 431


def test_a_copy_has_the_rules(root, role):
    rule(root, role, "listUsers", "deny")
    copy = root.call("createRole", name="clerk 2", roleid=role["id"])["role"]
    assert [entry["rule"] for entry in root.items("listRolePermissions", roleid=copy["id"])] == ["listUsers"]
    assert copy["type"] == "User"


def test_a_disabled_role_admits_nobody(root, role, clerk):
    root.call("disableRole", id=role["id"])
    assert refused(clerk, "listUsers") == 401
    root.call("enableRole", id=role["id"])
    assert clerk.items("listUsers")


def test_roles_in_use_stay(root, role, clerk):
    assert refused(root, "deleteRole", id=role["id"]) == 536
    assert refused(root, "updateRole", id=role["id"], type="DomainAdmin") == 536
    unused = root.call("createRole", name="unused", type="User")["role"]
    assert root.call("deleteRole", id=unused["id"]) == {"success": True}
    assert root.call("listRoles", id=unused["id"]) == {}


def test_the_installations_roles_stay_as_they_are(root):
    default = ensure_default_roles()["User"]
    assert refused(root, "updateRole", id=default.uuid, name="mine") == 531
    assert refused(root, "deleteRole", id=default.uuid) == 531
    assert refused(root, "createRolePermission", roleid=default.uuid, rule="*", permission="allow") == 531


def test_domain_admins_see_the_roles_they_may_give(sales_admin, root):
    ensure_default_roles()
    root.call("createRole", name="secret", type="User", ispublic=False)
    seen = {role["name"] for role in sales_admin.items("listRoles")}
    assert seen >= {"User", "Domain Admin", "Read-Only User - Default"}
    assert not seen & {"Root Admin", "Resource Admin", "Read-Only Admin - Default", "secret"}


def test_read_only_admins_read_and_do_nothing_else(client_of, tenants):
    roles = ensure_default_roles()
    reader = client_of(UserFactory(account=AccountFactory(role=roles["Read-Only Admin - Default"])))
    assert len(reader.items("listAccounts", listall=True)) > 5
    for command, params in (
        ("createDomain", {"name": "x"}),
        ("getUserKeys", {"id": tenants.seller.uuid}),
        ("updateUser", {"id": tenants.seller.uuid, "password": "mine at last"}),
        ("registerUserKeys", {"id": tenants.seller.uuid}),
    ):
        assert refused(reader, command, **params) == 432, command
    user = client_of(UserFactory(account=AccountFactory(role=roles["Read-Only User - Default"])))
    assert user.items("listUsers")
    assert refused(user, "listRoles") == 432
    assert refused(user, "updateUser", id=tenants.seller.uuid) == 432


def test_nobody_takes_his_own_keys_away(root, client_of, tenants):
    """ADR 0026: who may change rules keeps that right over his own role, whatever he does to it."""
    role = Role.objects.create(name="keeper", type=1)
    keeper = client_of(UserFactory(account=AccountFactory(role=role)))
    before = {"roleid": role.uuid, "permission": "deny"}
    for pattern in ("*", "updateRole*", "LISTROLES"):
        assert refused(keeper, "createRolePermission", rule=pattern, **before) == 531, pattern
    assert refused(keeper, "disableRole", id=role.uuid) == 531
    rules = {"rules[0].rule": "*", "rules[0].permission": "deny"}
    assert refused(keeper, "importRole", name="keeper", forced=True, **rules) == 531
    assert keeper.call("listRolePermissions", roleid=role.uuid) == {}
    first = keeper.call("createRolePermission", rule="*Role*", roleid=role.uuid, permission="allow")["rolepermission"]
    keeper.call("createRolePermission", rule="*", **before)
    assert refused(keeper, "deleteRolePermission", id=first["id"]) == 531
    assert refused(keeper, "updateRolePermission", roleid=role.uuid, ruleid=first["id"], permission="deny") == 531
    # Another does to it what he wants.
    root.call("deleteRolePermission", id=first["id"])
    root.call("disableRole", id=role.uuid)
