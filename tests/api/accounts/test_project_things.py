"""What projects own: who lists it, who makes it, and how it is shown."""

import pytest

from apps.accounts.factories import AccountFactory, UserFactory, join_project, project_of
from apps.accounts.models import ProjectMember
from apps.accounts.states import ProjectState
from apps.compute.models import SshKeyPair
from cloudstack.testing.api import ApiError


def key_of(account, name):
    return SshKeyPair.objects.create(account=account, domain=account.domain, name=name, public_key="k", fingerprint="f")


@pytest.fixture
def project(tenants):
    """Apollo of the seller, with a lawyer from elsewhere, and one key in it."""
    made = project_of(tenants.seller.account, name="apollo")
    join_project(made, tenants.lawyer.account)
    key_of(made.account, "of apollo")
    return made


@pytest.fixture
def lawyer(tenants, client_of):
    return client_of(tenants.lawyer)


def names(client, **params):
    return {key["name"] for key in client.items("listSSHKeyPairs", **params)}


def test_members_list_what_the_project_owns_by_naming_it(seller, lawyer, tenants, project):
    key_of(tenants.seller.account, "own")
    other = project_of(tenants.seller.account, name="gemini")
    key_of(other.account, "of gemini")

    assert names(seller) == names(seller, listall=True) == {"own"}
    assert names(seller, projectid=project.uuid) == names(seller, projectid=project.uuid, listall=True) == {"of apollo"}
    assert names(lawyer, projectid=project.uuid) == {"of apollo"}
    assert names(seller, projectid=-1) == {"of apollo", "of gemini"}
    assert names(seller, projectid=-1, listall=True) == {"own", "of apollo", "of gemini"}
    assert names(lawyer, projectid=-1) == {"of apollo"}


def test_administrators_do_not_see_projects_unless_they_ask(root, sales_admin, tenants, client_of, project):
    key_of(tenants.root.account, "of boss")
    for admin in (root, sales_admin):
        for params in ({}, {"listall": True}, {"domainid": tenants.sales.uuid}, {"isrecursive": True, "listall": True}):
            assert "of apollo" not in names(admin, **params)
        assert names(admin, projectid=project.uuid) == {"of apollo"}
    assert names(root, projectid=-1) == {"of apollo"}
    assert names(root, projectid=-1, listall=True) == {"of apollo", "of boss"}
    # An administrator who is in no project gets his own, or with listall all that he administers.
    assert names(sales_admin, projectid=-1) == set()
    assert names(sales_admin, projectid=-1, listall=True) == {"of apollo"}
    with pytest.raises(ApiError) as refused:
        client_of(tenants.legal_admin).call("listSSHKeyPairs", projectid=project.uuid)
    assert refused.value.code == 431


def test_an_id_finds_what_a_project_owns_without_naming_it(root, seller, project):
    key = SshKeyPair.objects.get(name="of apollo")
    assert names(root, id=key.uuid) == names(seller, id=key.uuid) == {"of apollo"}


def test_strangers_learn_nothing_of_a_project(client_of, tenants, project):
    for user in (tenants.emea_seller, UserFactory(account=AccountFactory(domain=tenants.sales))):
        client = client_of(user)
        assert names(client, projectid=-1) == set()
        assert names(client, id=SshKeyPair.objects.get().uuid) == set()
        for command, params in (("listSSHKeyPairs", {}), ("createSSHKeyPair", {"name": "x"})):
            with pytest.raises(ApiError) as refused:
                client.call(command, projectid=project.uuid, **params)
            assert refused.value.code == 431
            assert "Unable to find project" in refused.value.text
    assert SshKeyPair.objects.count() == 1


def test_members_make_things_for_the_project(seller, lawyer, tenants, project):
    for client, name in ((seller, "one"), (lawyer, "two")):
        made = client.call("createSSHKeyPair", name=name, projectid=project.uuid)["keypair"]
        shown = {field: made.get(field) for field in ("account", "projectid", "project", "domain", "domainpath")}
        assert shown == {
            "account": None,
            "projectid": str(project.uuid),
            "project": "apollo",
            "domain": "sales",
            "domainpath": "ROOT/sales",
        }
    assert set(project.account.memberships.all()) == set()
    lawyer.call("deleteSSHKeyPair", name="one", projectid=project.uuid)
    assert names(seller, projectid=project.uuid) == {"of apollo", "two"}
    [own] = [seller.call("createSSHKeyPair", name="own")["keypair"]]
    assert (own["account"], "project" in own, "projectid" in own) == ("seller", False, False)


@pytest.mark.parametrize(
    ("params", "state", "code", "word"),
    [
        ({"account": "seller"}, ProjectState.ACTIVE, 431, "can't be specified together"),
        ({"domainid": "legal"}, ProjectState.ACTIVE, 431, "is in domain"),
        ({}, ProjectState.SUSPENDED, 531, "is Suspended"),
        ({}, ProjectState.DISABLED, 531, "is Disabled"),
    ],
)
def test_nothing_is_made_for_the_wrong_owner(root, tenants, project, params, state, code, word):
    type(project).objects.filter(pk=project.pk).update(state=state)
    if "domainid" in params:
        params = {"domainid": tenants.legal.uuid}
    with pytest.raises(ApiError) as refused:
        root.call("createSSHKeyPair", name="x", projectid=project.uuid, **params)
    assert (refused.value.code, word in refused.value.text) == (code, True)
    assert SshKeyPair.objects.count() == 1


def test_a_role_of_the_project_decides_what_its_members_may_call(client_of, tenants, project):
    reader = UserFactory(account=AccountFactory(domain=tenants.sales))
    join_project(project, reader.account, allow="list*", deny="*")
    client = client_of(reader)
    assert names(client, projectid=project.uuid) == names(client, projectid=-1) == {"of apollo"}
    for command in ("createSSHKeyPair", "deleteSSHKeyPair"):
        with pytest.raises(ApiError) as refused:
            client.call(command, name="of apollo", projectid=project.uuid)
        assert refused.value.code == 531
        assert "role in the project" in refused.value.text
    # What is his own is not touched by the role of a project.
    client.call("createSSHKeyPair", name="own")
    assert names(client) == {"own"}


def test_what_is_said_of_a_user_wins_over_what_is_said_of_the_account(client_of, tenants, project):
    colleague = client_of(tenants.colleague)
    assert names(colleague, projectid=project.uuid) == {"of apollo"}
    member = join_project(project, tenants.colleague, allow="listProjects", deny="*")
    for params in ({"projectid": project.uuid}, {"projectid": -1}):
        if params["projectid"] == -1:
            assert names(colleague, **params) == set()
        else:
            with pytest.raises(ApiError) as refused:
                colleague.call("listSSHKeyPairs", **params)
            assert refused.value.code == 531
    # An admin of the project is kept from nothing.
    ProjectMember.objects.filter(pk=member.pk).update(role="Admin")
    assert names(colleague, projectid=project.uuid) == {"of apollo"}


def test_members_and_projects_cost_a_list_no_statement(root, seller, tenants, django_assert_num_queries):
    def statements(client, **params):
        client.call("listSSHKeyPairs", **params)
        with django_assert_num_queries(2):  # who calls, and the list
            client.call("listSSHKeyPairs", **params)

    statements(seller, projectid=-1)
    for number in range(4):
        made = project_of(tenants.seller.account)
        join_project(made, tenants.seller, allow="list*")
        for key in range(number + 1):
            key_of(made.account, f"key {key}")
    statements(seller, projectid=-1)
    statements(seller, listall=True)
    statements(root, projectid=-1)
    statements(root, listall=True)
