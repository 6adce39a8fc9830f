"""Roles of projects: rules that narrow what members may call, in their order."""

import pytest

from apps.accounts.factories import AccountFactory, UserFactory, join_project, project_of
from apps.accounts.models import ProjectRole, ProjectRolePermission
from cloudstack.testing.api import ApiError


@pytest.fixture
def project(tenants):
    return project_of(tenants.seller.account, name="apollo")


@pytest.fixture
def make(seller, project):
    def role(*rules, name="narrow"):
        made = seller.call("createProjectRole", projectid=project.uuid, name=name, description="for guests")
        for rule in rules:
            permission, pattern = rule.split()
            seller.call(
                "createProjectRolePermission",
                projectid=project.uuid,
                projectroleid=made["projectrole"]["id"],
                rule=pattern,
                permission=permission,
            )
        return made["projectrole"]

    return role


def refusal(client, command, **params):
    with pytest.raises(ApiError) as refused:
        client.call(command, **params)
    return refused.value


def rules(client, project, **params):
    listed = client.items("listProjectRolePermissions", projectid=project.uuid, **params)
    return [f"{rule['permission']} {rule['rule']}" for rule in listed]


def test_the_first_rule_that_matches_decides(seller, tenants, client_of, project, make):
    role = make("allow listSSH*", "deny create*", "deny list*")
    assert role["projectid"] == str(project.uuid) and role["description"] == "for guests"
    member = UserFactory(account=AccountFactory(domain=tenants.sales))
    joined = join_project(project, member.account)
    joined.project_role = ProjectRole.objects.get()
    joined.save()
    client, key = client_of(member), {"name": "k", "projectid": project.uuid}
    client.call("listSSHKeyPairs", projectid=project.uuid)
    assert refusal(client, "createSSHKeyPair", **key).code == 531
    assert refusal(client, "listVolumes", projectid=project.uuid).code == 531

    [_, create, _] = seller.items("listProjectRolePermissions", projectid=project.uuid)
    turn = {"projectid": project.uuid, "projectroleid": role["id"]}
    seller.call("updateProjectRolePermission", projectrolepermissionid=create["id"], permission="allow", **turn)
    client.call("createSSHKeyPair", **key)
    order = [rule["id"] for rule in seller.items("listProjectRolePermissions", projectid=project.uuid)]
    seller.call("updateProjectRolePermission", ruleorder=[order[2], order[0], order[1]], **turn)
    assert rules(seller, project, projectroleid=role["id"]) == ["deny list*", "allow listSSH*", "allow create*"]
    assert refusal(client, "listSSHKeyPairs", projectid=project.uuid).code == 531
    seller.call("deleteProjectRolePermission", projectid=project.uuid, id=order[2])
    client.call("listSSHKeyPairs", projectid=project.uuid)
    # What no rule speaks of is left to the member's own role.
    client.call("deleteSSHKeyPair", **key)


def test_what_a_role_of_the_cloud_denies_no_project_allows(seller, tenants, root, client_of, project):
    narrow = root.call("createRole", name="narrow", type="User")["role"]
    root.call("createRolePermission", roleid=narrow["id"], rule="createSSHKeyPair", permission="deny")
    member = UserFactory(account=AccountFactory(domain=tenants.sales))
    root.call("updateAccount", id=member.account.uuid, roleid=narrow["id"])
    join_project(project, member.account, allow="*")
    assert refusal(client_of(member), "createSSHKeyPair", name="k", projectid=project.uuid).code == 432


def test_roles_are_listed_changed_and_deleted(seller, tenants, client_of, project, make):
    role, other = make(), make(name="other")
    member = UserFactory(account=AccountFactory(domain=tenants.sales))
    joined = join_project(project, member.account)

    def names(**params):
        return [one["name"] for one in client_of(member).items("listProjectRoles", projectid=project.uuid, **params)]

    assert names() == ["narrow", "other"]
    assert names(projectroleid=other["id"]) == names(name="other") == names(keyword="oth") == ["other"]
    where = {"projectid": project.uuid, "id": role["id"]}
    changed = seller.call("updateProjectRole", name="wide", description="", **where)["projectrole"]
    assert (changed["name"], changed["description"]) == ("wide", "")
    assert "already" in refusal(seller, "updateProjectRole", name="other", **where).text
    for command in ("updateProjectRole", "deleteProjectRole"):
        assert refusal(client_of(member), command, **where).code == 531

    joined.project_role = ProjectRole.objects.get(name="wide")
    joined.save()
    assert refusal(seller, "deleteProjectRole", **where).code == 536
    joined.delete()
    seller.call("deleteProjectRole", **where)
    assert [one.name for one in ProjectRole.objects.all()] == ["other"]


@pytest.mark.parametrize(
    ("command", "params", "word"),
    [
        ("createProjectRole", {"name": "narrow"}, "already"),
        ("createProjectRole", {"name": " "}, "name"),
        ("createProjectRolePermission", {"rule": "no rule!", "permission": "allow"}, "rule"),
        ("createProjectRolePermission", {"rule": "LIST*", "permission": "allow"}, "already"),
        ("createProjectRolePermission", {"rule": "x", "permission": "maybe"}, "permission"),
        ("updateProjectRolePermission", {}, "ruleorder"),
        ("updateProjectRolePermission", {"projectrolepermissionid": "own"}, "permission"),
        ("updateProjectRolePermission", {"ruleorder": "half"}, "every rule"),
    ],
)
def test_impossible_roles_and_rules_are_refused(seller, project, make, command, params, word):
    role = make("allow list*", "deny x*")
    rule = ProjectRolePermission.objects.first()
    params = {name: rule.uuid if text in ("own", "half") else text for name, text in params.items()}
    if command != "createProjectRole":
        params["projectroleid"] = role["id"]
    refused = refusal(seller, command, projectid=project.uuid, **params)
    assert (refused.code, word in refused.text) == (431, True)
    assert (ProjectRole.objects.count(), rules(seller, project)) == (1, ["allow list*", "deny x*"])


def test_a_role_is_named_with_its_own_project(seller, tenants, project, make):
    role = make("allow list*")
    other = project_of(tenants.seller.account)
    rule = ProjectRolePermission.objects.get()
    for command, params in (
        ("updateProjectRole", {"id": role["id"], "name": "x"}),
        ("deleteProjectRole", {"id": role["id"]}),
        ("createProjectRolePermission", {"projectroleid": role["id"], "rule": "x", "permission": "allow"}),
        ("deleteProjectRolePermission", {"id": rule.uuid}),
    ):
        refused = refusal(seller, command, projectid=other.uuid, **params)
        assert (refused.code, "not one of project" in refused.text) == (431, True), command
    assert rules(seller, project) == ["allow list*"]


def test_a_role_is_imported_with_its_rules(root, seller):
    wanted = [
        {"rule": "list*", "permission": "allow", "description": "look"},
        {"rule": "*", "permission": "Deny"},
    ]
    role = root.call("importRole", name="auditors", type="User", rules=wanted, ispublic=False)["role"]
    assert (role["name"], role["type"], role["ispublic"]) == ("auditors", "User", False)

    def listed():
        return [
            (rule["rule"], rule["permission"], rule["description"])
            for rule in root.items("listRolePermissions", roleid=role["id"])
        ]

    assert listed() == [("list*", "allow", "look"), ("*", "deny", "")]
    assert "forced" in refusal(root, "importRole", name="auditors", type="User", rules=wanted).text
    again = root.call("importRole", name="auditors", rules=wanted[1:], forced=True, description="none")["role"]
    assert (again["id"], again["type"], again["description"], again["ispublic"]) == (role["id"], "User", "none", False)
    assert listed() == [("*", "deny", "")]
    assert refusal(seller, "importRole", name="mine", type="User", rules=wanted).code == 432


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"type": "User"}, "rules"),
        ({"type": "User", "rules": [{"rule": "a b", "permission": "allow"}]}, "rules[0].rule"),
        ({"type": "User", "rules": [{"rule": "x", "permission": "perhaps"}]}, "rules[0].permission"),
        ({"type": "User", "rules": [{"rule": "x", "permission": "deny"}, {"rule": "X", "permission": "deny"}]}, "[1]"),
        ({"rules": [{"rule": "x", "permission": "deny"}]}, "type"),
    ],
)
def test_an_import_that_cannot_be_leaves_nothing(root, params, word):
    before = root.call("listRoles")["count"]
    refused = refusal(root, "importRole", name="new", **params)
    assert (refused.code, word in refused.text) == (431, True)
    assert root.call("listRoles")["count"] == before
