"""Projects and their members: who makes, changes and closes them, and what that leaves behind."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, UserFactory, join_project, project_of
from apps.accounts.models import Account, AccountType, Project, ProjectMember, ResourceCount, ResourceType
from apps.accounts.services.counting import recount_account
from apps.accounts.states import AccountState
from apps.compute.models import SshKeyPair
from cloudstack.framework.events.models import Event
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


@pytest.fixture
def done(db):
    """Calls an asynchronous command and answers what its job gives, to whoever asked for it."""
    # What users may not do themselves, the platform does when it clears away for them.
    UserFactory(username="system", account=AccountFactory(name="system", root_admin=True, is_system=True))

    def call(client, command, **params):
        answer = client.call(command, **params)
        run_jobs()
        result = client.call("queryAsyncJobResult", jobid=answer["jobid"])
        assert result["jobstatus"] == 1, result
        return result["jobresult"]

    return call


def refusal(client, command, **params):
    with pytest.raises(ApiError) as refused:
        client.call(command, **params)
    return refused.value


def held(account):
    return dict(ResourceCount.objects.filter(account=account).values_list("type", "count")).get(ResourceType.PROJECT, 0)


def members(client, project):
    return {
        (one.get("username") or one["account"], one["role"])
        for one in client.items("listProjectAccounts", projectid=project["id"])
    }


def test_a_user_opens_a_project(seller, tenants, done):
    project = done(seller, "createProject", name="apollo", displaytext="To the moon")["project"]
    assert (project["name"], project["displaytext"], project["state"]) == ("apollo", "To the moon", "Active")
    assert (project["domain"], project["owner"]) == ("sales", [{"account": "seller"}])
    assert (project["vmlimit"], project["vmtotal"], project["vmavailable"]) == ("20", 0, "20")
    assert (project["vmrunning"], project["vmstopped"], project["tags"]) == (0, 0, [])
    assert "projectlimit" not in project

    account = Account.objects.get(project__uuid=project["id"])
    assert (account.type, account.name) == (AccountType.PROJECT, project["projectaccountname"])
    assert members(seller, project) == {("seller", "Admin")}
    assert held(tenants.seller.account) == 1
    assert recount_account(tenants.seller.account, [ResourceType.PROJECT]) == {}
    assert Event.objects.filter(type="PROJECT.CREATE", user=tenants.seller, state="Completed").count() == 1
    # The account of a project is nobody's business but the project's.
    assert seller.items("listAccounts", listall=True) == seller.items("listAccounts", name="seller")


@pytest.mark.parametrize(
    ("params", "code", "word"),
    [
        ({"name": ""}, 431, "name"),
        ({"name": "x" * 256}, 431, "name"),
        ({"name": "taken"}, 431, "exists already"),
        ({"name": "n", "account": "nobody"}, 431, "nobody"),
        ({"name": "n", "account": "lawyer"}, 431, "lawyer"),
        ({"name": "n", "userid": "lawyer"}, 431, "userid"),
    ],
)
def test_a_project_that_cannot_be_is_refused(seller, tenants, params, code, word):
    project_of(tenants.seller.account, name="taken")
    if params.get("userid"):
        params = {**params, "userid": tenants.lawyer.uuid}
    refused = refusal(seller, "createProject", **params)
    assert (refused.code, word in refused.text) == (code, True)
    assert Project.objects.count() == 1 and Account.objects.filter(type=AccountType.PROJECT).count() == 1


def test_an_administrator_opens_a_project_for_others(sales_admin, seller, tenants, done):
    project = done(sales_admin, "createProject", name="one", account="seller", domainid=tenants.sales.uuid)["project"]
    assert project["owner"] == [{"account": "seller"}]
    project = done(sales_admin, "createProject", name="two", accountid=tenants.seller.account.uuid)["project"]
    assert project["owner"] == [{"account": "seller"}]
    project = done(sales_admin, "createProject", name="three", userid=tenants.seller.uuid)["project"]
    assert project["owner"] == [{"account": "seller", "user": "seller", "userid": str(tenants.seller.uuid)}]
    assert held(tenants.seller.account) == 3 and held(tenants.sales_admin.account) == 0
    # A colleague is in those of the whole account only.
    assert {one["name"] for one in seller.items("listProjects")} == {"one", "two", "three"}


def test_only_administrators_open_projects_where_the_operator_says_so(root, seller, sales_admin, done):
    root.call("updateConfiguration", name="allow.user.create.projects", value="false")
    assert refusal(seller, "createProject", name="x").code == 531
    assert done(sales_admin, "createProject", name="x")["project"]["name"] == "x"


def test_projects_count_against_their_admins_limit(seller, tenants, root, done):
    root.call("updateResourceLimit", account="seller", domainid=tenants.sales.uuid, resourcetype=5, max=1)
    project = done(seller, "createProject", name="one")["project"]
    assert "project" in refusal(seller, "createProject", name="two").text
    assert Project.objects.count() == 1

    other = UserFactory(account=AccountFactory(name="other", domain=tenants.sales))
    done(seller, "addAccountToProject", projectid=project["id"], account="other")
    assert held(other.account) == 0
    done(seller, "updateProject", id=project["id"], account="other")
    assert (held(tenants.seller.account), held(other.account)) == (0, 1)
    assert members(root, project) == {("other", "Admin"), ("seller", "Regular")}
    done(seller, "createProject", name="two")
    for account in (tenants.seller.account, other.account):
        assert recount_account(account, [ResourceType.PROJECT]) == {}


def test_lists_show_whose_projects_are_meant(root, sales_admin, seller, tenants, client_of):
    apollo = project_of(tenants.seller.account, name="apollo")
    join_project(apollo, tenants.lawyer)
    project_of(tenants.legal_admin.account, name="appeal", display_text="second instance")

    def names(client, **params):
        return {one["name"] for one in client.items("listProjects", **params)}

    assert names(seller) == names(seller, listall=True) == names(client_of(tenants.lawyer)) == {"apollo"}
    assert names(root) == names(sales_admin) == set()
    assert names(root, listall=True) == {"apollo", "appeal"}
    assert names(sales_admin, listall=True) == {"apollo"}
    assert names(root, domainid=tenants.legal.uuid) == {"appeal"}
    # One user of the account is in it.
    assert names(root, account="lawyer", domainid=tenants.legal.uuid) == {"apollo"}
    assert names(root, username="lawyer", domainid=tenants.legal.uuid) == {"apollo"}
    assert names(root, username="seller", domainid=tenants.sales.uuid) == {"apollo"}
    assert names(root, account="seller", domainid=tenants.sales.uuid) == {"apollo"}
    assert names(root, listall=True, name="appeal") == names(root, listall=True, keyword="INSTANCE") == {"appeal"}
    assert names(root, listall=True, displaytext="second instance") == {"appeal"}
    assert names(root, listall=True, state="Suspended") == set()
    assert names(root, id=apollo.uuid) == {"apollo"}
    assert "vmlimit" not in root.items("listProjects", listall=True, details="min")[0]
    assert refusal(seller, "listProjects", account="lawyer", domainid=tenants.legal.uuid).code == 431
    assert client_of(tenants.emea_seller).call("listProjects", id=apollo.uuid) == {}


def test_members_come_and_go(seller, root, tenants, client_of, done):
    project = done(seller, "createProject", name="apollo")["project"]
    other = UserFactory(username="otto", account=AccountFactory(name="other", domain=tenants.sales))
    person = UserFactory(username="pia", account=AccountFactory(name="third", domain=tenants.sales))
    where = {"projectid": project["id"]}
    done(seller, "addAccountToProject", account="other", **where)
    done(seller, "addAccountToProject", account="other", **where)  # once more changes nothing
    done(seller, "addUserToProject", username="pia", **where)
    assert members(client_of(person), project) == {("seller", "Admin"), ("other", "Regular"), ("pia", "Regular")}
    [whole] = client_of(other).items("listProjectAccounts", account="other", **where)
    assert [user["username"] for user in whole["user"]] == ["otto"]
    assert {one["account"] for one in seller.items("listProjectAccounts", role="Admin", **where)} == {"seller"}
    assert {one["username"] for one in seller.items("listProjectAccounts", userid=person.uuid, **where)} == {"pia"}
    assert client_of(other).items("listProjects")[0]["id"] == project["id"]

    for command, params in (
        ("addAccountToProject", {"account": "third"}),
        ("addUserToProject", {"username": "colleague"}),
        ("createProjectRole", {"name": "r"}),
        ("deleteAccountFromProject", {"account": "seller"}),
        ("deleteUserFromProject", {"userid": person.uuid}),
    ):
        assert refusal(client_of(other), command, **where, **params).code == 531, command
    for command in ("suspendProject", "activateProject", "updateProject", "deleteProject"):
        assert refusal(client_of(other), command, id=project["id"]).code == 531, command

    done(client_of(other), "deleteAccountFromProject", account="other", **where)  # everybody may leave
    done(seller, "deleteUserFromProject", userid=person.uuid, **where)
    assert members(seller, project) == {("seller", "Admin")}
    assert client_of(person).call("listProjects") == {}
    assert "only admin" in refusal(seller, "deleteAccountFromProject", account="seller", **where).text
    assert members(root, project) == {("seller", "Admin")}


@pytest.mark.parametrize(
    ("command", "params", "word"),
    [
        ("addAccountToProject", {}, "account or email"),
        ("addAccountToProject", {"account": "nobody"}, "nobody"),
        ("addAccountToProject", {"account": "lawyer"}, "lawyer"),
        ("addAccountToProject", {"account": "seller", "roletype": "Regular"}, "updateProject"),
        ("addAccountToProject", {"email": "x@example.org"}, "project.smtp.host"),
        ("addUserToProject", {"username": "nobody"}, "nobody"),
        ("addUserToProject", {"username": "lawyer"}, "lawyer"),
        ("addUserToProject", {"username": "colleague", "roletype": "King"}, "roletype"),
        ("addUserToProject", {"username": "colleague", "projectroleid": "other"}, "not one of project"),
        ("deleteAccountFromProject", {"account": "lawyer"}, "lawyer"),
        ("deleteUserFromProject", {"userid": "f0f0f0f0-0000-4000-8000-000000000000"}, "listProjectAccounts"),
    ],
)
def test_members_who_cannot_be_are_refused(seller, tenants, command, params, word):
    project = project_of(tenants.seller.account)
    if "projectroleid" in params:
        role = project_of(tenants.seller.account).roles.create(name="r")
        params = {**params, "projectroleid": role.uuid}
    refused = refusal(seller, command, projectid=project.uuid, **params)
    assert (refused.code, word in refused.text) == (431, True)
    assert ProjectMember.objects.filter(project=project).count() == 1


def test_a_project_has_several_admins(seller, tenants, client_of, done):
    done(seller, "createProject", name="apollo")
    project = Project.objects.get()
    join_project(project, tenants.colleague)
    other = UserFactory(account=AccountFactory(name="other", domain=tenants.sales))
    join_project(project, other.account)
    make = {"id": project.uuid, "swapowner": False, "roletype": "Admin"}
    done(seller, "updateProject", account="other", **make)
    shown = done(client_of(other), "updateProject", userid=tenants.colleague.uuid, **make)["project"]
    assert [owner.get("user") or owner["account"] for owner in shown["owner"]] == ["seller", "colleague", "other"]
    assert "several admins" in refusal(seller, "updateProject", id=project.uuid, account="other").text
    make["roletype"] = "Regular"
    done(client_of(other), "updateProject", account="seller", **make)
    done(client_of(other), "updateProject", account="other", **make)
    assert refusal(client_of(other), "updateProject", id=project.uuid, name="mine").code == 531
    refused = refusal(client_of(tenants.colleague), "updateProject", userid=tenants.colleague.uuid, **make)
    assert "only admin" in refused.text
    for account in (tenants.seller.account, other.account):
        assert recount_account(account, [ResourceType.PROJECT]) == {}


def test_a_project_is_renamed(seller, tenants, done):
    project = project_of(tenants.seller.account, name="apollo")
    project_of(tenants.seller.account, name="gemini")
    shown = done(seller, "updateProject", id=project.uuid, name="artemis", displaytext="again")["project"]
    assert (shown["name"], shown["displaytext"]) == ("artemis", "again")
    assert "exists already" in refusal(seller, "updateProject", id=project.uuid, name="gemini").text
    assert "roletype" in refusal(seller, "updateProject", id=project.uuid, roletype="Admin").text
    project.refresh_from_db()
    assert project.name == "artemis"


def test_projects_carry_tags(seller, tenants, client_of, done):
    project = project_of(tenants.seller.account, name="apollo")
    project_of(tenants.seller.account, name="gemini")
    reader = UserFactory(account=AccountFactory(domain=tenants.sales))
    join_project(project, reader.account, allow="list*", deny="*")
    tag = {"resourcetype": "Project", "resourceids": project.uuid, "tags": {"key": "env", "value": "prod"}}
    done(seller, "createTags", **tag)
    [shown] = client_of(reader).items("listProjects", tags={"key": "env"})
    assert (shown["name"], shown["tags"][0]["value"]) == ("apollo", "prod")
    assert refusal(client_of(reader), "createTags", **tag).code == 531
    assert refusal(client_of(tenants.lawyer), "createTags", **tag).code == 431


def test_a_suspended_project_takes_nothing_until_it_is_activated(seller, tenants, done):
    project = project_of(tenants.seller.account)
    assert done(seller, "suspendProject", id=project.uuid)["project"]["state"] == "Suspended"
    assert refusal(seller, "createSSHKeyPair", name="k", projectid=project.uuid).code == 531
    assert refusal(seller, "addUserToProject", username="colleague", projectid=project.uuid).code == 531
    done(seller, "suspendProject", id=project.uuid)
    assert done(seller, "activateProject", id=project.uuid)["project"]["state"] == "Active"
    seller.call("createSSHKeyPair", name="k", projectid=project.uuid)
    project.account.refresh_from_db()
    assert project.account.state == AccountState.ENABLED


def test_a_project_that_owns_something_goes_with_cleanup_only(seller, tenants, done):
    project = done(seller, "createProject", name="apollo")["project"]
    join_project(Project.objects.get(), tenants.colleague, allow="list*")
    seller.call("createSSHKeyPair", name="k", projectid=project["id"])
    refused = refusal(seller, "deleteProject", id=project["id"])
    assert (refused.code, "SSH key pair (k)" in refused.text) == (536, True)
    assert Project.objects.get().state == "Active"

    plan = seller.call("deleteProject", id=project["id"], cleanup=True, plan=True)["plan"]
    assert any("SSH key pair (k)" in step["description"] for step in plan["jobs"][0]["steps"])
    assert done(seller, "deleteProject", id=project["id"], cleanup=True) == {"success": True}
    assert not Project.objects.exists() and not SshKeyPair.objects.exists() and not ProjectMember.objects.exists()
    assert not Account.objects.filter(type=AccountType.PROJECT).exists()
    assert held(tenants.seller.account) == 0
    assert seller.call("listProjects", id=project["id"]) == {}
    done(seller, "createProject", name="apollo")


def test_a_domain_goes_with_its_projects(root, tenants, client_of, done):
    project = project_of(tenants.emea_seller.account)
    join_project(project, tenants.seller.account)
    key = {"name": "k", "projectid": project.uuid}
    client_of(tenants.emea_seller).call("createSSHKeyPair", **key)
    assert "1 projects" in refusal(root, "deleteDomain", id=tenants.emea.uuid).text
    done(root, "deleteDomain", id=tenants.emea.uuid, cleanup=True)
    assert not Project.objects.exists() and not SshKeyPair.objects.exists()


def test_who_administers_a_project_alone_is_not_deleted(root, tenants, done):
    project = project_of(tenants.seller.account, name="apollo")
    assert "apollo" in refusal(root, "deleteAccount", id=tenants.seller.account.uuid).text
    ProjectMember.objects.filter(project=project).update(user=tenants.seller)
    assert "apollo" in refusal(root, "deleteUser", id=tenants.seller.uuid).text
    join_project(project, tenants.colleague)
    ProjectMember.objects.filter(project=project).update(role="Admin")
    root.call("deleteUser", id=tenants.seller.uuid)
    assert [one.user for one in project.members.all()] == [tenants.colleague]


@pytest.mark.parametrize("command", ["listProjects", "listProjectAccounts", "listProjectInvitations"])
def test_lists_take_as_many_statements_for_many_as_for_one(seller, tenants, command, django_assert_num_queries):
    first = project_of(tenants.seller.account)
    params = {"projectid": first.uuid} if command == "listProjectAccounts" else {}

    def add():
        made = project_of(tenants.seller.account)
        made.invitations.create(account=tenants.seller.account)
        join_project(made, AccountFactory())
        join_project(first, UserFactory().account)
        join_project(first, UserFactory())

    add()
    seller.call(command, **params)
    with CaptureQueriesContext(connection) as once:
        seller.call(command, **params)
    for _ in range(3):
        add()
    with django_assert_num_queries(len(once)):
        assert seller.call(command, **params)["count"] > 1


def test_a_user_who_moves_takes_the_projects_along_that_are_his(root, tenants, client_of, done):
    done(root, "createProject", name="apollo", userid=tenants.colleague.uuid)
    other = AccountFactory(name="other", domain=tenants.sales)
    assert (held(tenants.colleague.account), held(other)) == (1, 0)
    root.call("moveUser", id=tenants.colleague.uuid, accountid=other.uuid)
    assert (held(tenants.colleague.account), held(other)) == (0, 1)
    assert [one["name"] for one in client_of(tenants.colleague).items("listProjects")] == ["apollo"]
    for account in (tenants.colleague.account, other):
        assert recount_account(account, [ResourceType.PROJECT]) == {}
