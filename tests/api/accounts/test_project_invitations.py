"""Invitations: by account, user and mail; answered, expired, taken back."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts.factories import AccountFactory, UserFactory, join_project, project_of
from apps.accounts.models import ProjectInvitation, ProjectMember
from apps.accounts.services.project_invitations import expire_invitations
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.api import ApiError
from cloudstack.testing.jobs import run_jobs


@pytest.fixture
def project(tenants):
    return project_of(tenants.seller.account, name="apollo")


@pytest.fixture
def guest(tenants):
    return UserFactory(username="guest", account=AccountFactory(name="guest", domain=tenants.sales))


@pytest.fixture
def by_invitation(root):
    root.call("updateConfiguration", name="project.invite.required", value="true")


@pytest.fixture
def mails(root, settings):
    root.call("updateConfiguration", name="project.smtp.host", value="mail.example.org")
    root.call("updateConfiguration", name="project.email.sender", value="cloud@example.org")
    mail.outbox = []
    return mail.outbox


def done(client, command, **params):
    answer = client.call(command, **params)
    run_jobs()
    result = client.call("queryAsyncJobResult", jobid=answer["jobid"])
    assert result["jobstatus"] == 1, result
    return result["jobresult"]


def refusal(client, command, **params):
    with pytest.raises(ApiError) as refused:
        client.call(command, **params)
    return refused.value


def invited(client, **params):
    return [
        (one["project"], one.get("account"), one["state"]) for one in client.items("listProjectInvitations", **params)
    ]


def test_an_account_joins_when_it_has_accepted(seller, tenants, client_of, project, guest, by_invitation):
    done(seller, "addAccountToProject", projectid=project.uuid, account="guest")
    assert project.members.count() == 1
    client = client_of(guest)
    assert client.call("listProjects") == {}
    [shown] = client.items("listProjectInvitations")
    assert {name: shown[name] for name in ("project", "projectid", "account", "domain", "state")} == {
        "project": "apollo",
        "projectid": str(project.uuid),
        "account": "guest",
        "domain": "sales",
        "state": "Pending",
    }
    assert "been invited" in refusal(seller, "addAccountToProject", projectid=project.uuid, account="guest").text
    for stranger in (tenants.emea_seller, tenants.lawyer):
        assert client_of(stranger).call("listProjectInvitations", listall=True) == {}
        refused = refusal(client_of(stranger), "updateProjectInvitation", projectid=project.uuid)
        assert (refused.code, "no invitation" in refused.text) == (431, True)
    assert done(client, "updateProjectInvitation", projectid=project.uuid) == {"success": True}
    assert [one["name"] for one in client.items("listProjects")] == ["apollo"]
    assert invited(client) == [("apollo", "guest", "Completed")]
    assert refusal(client, "updateProjectInvitation", projectid=project.uuid).code == 431


def test_a_user_declines(seller, tenants, client_of, project, guest, by_invitation):
    done(seller, "addUserToProject", projectid=project.uuid, username="guest")
    beside = UserFactory(account=guest.account)
    assert client_of(beside).call("listProjectInvitations") == {}
    assert refusal(client_of(beside), "updateProjectInvitation", projectid=project.uuid).code == 431
    # What is his alone he answers by naming himself.
    client = client_of(guest)
    done(client, "updateProjectInvitation", projectid=project.uuid, userid=guest.uuid, accept=False)
    assert [one["state"] for one in client.items("listProjectInvitations")] == ["Declined"]
    assert project.members.count() == 1
    done(seller, "addUserToProject", projectid=project.uuid, username="guest")
    done(client, "updateProjectInvitation", projectid=project.uuid, userid=guest.uuid)
    assert [member.user for member in project.members.exclude(user=None)] == [guest]


def test_whoever_has_the_token_of_the_mail_joins(seller, client_of, tenants, project, mails):
    role = project.roles.create(name="readers")
    done(seller, "addAccountToProject", projectid=project.uuid, email="law@example.org", projectroleid=role.uuid)
    [sent] = mails
    assert (sent.to, sent.from_email) == (["law@example.org"], "cloud@example.org")
    assert "apollo" in sent.subject and str(project.uuid) in sent.body
    token = re.search(r"Token: (\S+)", sent.body)[1]
    everything = [*AsyncJob.objects.values_list("arguments", "description"), *Event.objects.values_list("description")]
    assert token not in str(everything)
    assert token not in str(seller.items("listProjectInvitations", projectid=project.uuid))

    lawyer = client_of(tenants.lawyer)
    assert refusal(lawyer, "updateProjectInvitation", projectid=project.uuid, token=token[:-1] + "?").code == 431
    assert refusal(lawyer, "updateProjectInvitation", projectid=project.uuid).code == 431
    done(lawyer, "updateProjectInvitation", projectid=project.uuid, token=token)
    [member] = ProjectMember.objects.filter(account=tenants.lawyer.account)
    assert (member.role, member.project_role, member.user) == ("Regular", role, None)
    assert refusal(client_of(tenants.emea_seller), "updateProjectInvitation", projectid=project.uuid, token=token)


def test_a_mail_that_cannot_be_sent_leaves_no_invitation(root, seller, project, mails, monkeypatch):
    monkeypatch.setattr("apps.accounts.services.mail.EmailMessage.send", _refuses, raising=True)
    answer = seller.call("addAccountToProject", projectid=project.uuid, email="law@example.org")
    run_jobs()
    result = seller.call("queryAsyncJobResult", jobid=answer["jobid"])
    assert result["jobstatus"] == 2 and "mail.example.org" in result["jobresult"]["errortext"]
    assert not ProjectInvitation.objects.exists()
    assert refusal(seller, "addAccountToProject", projectid=project.uuid, email="no address").code == 431


def test_an_invitation_that_is_taken_back_is_not_sent(seller, project, mails):
    answer = seller.call("addAccountToProject", projectid=project.uuid, email="law@example.org")
    plan = seller.call("addAccountToProject", projectid=project.uuid, email="b@example.org", plan=True)["plan"]
    assert plan["jobs"][0]["steps"][0]["description"] == "send a mail with a token to b@example.org"
    [shown] = seller.items("listProjectInvitations", projectid=project.uuid)
    seller.call("deleteProjectInvitation", id=shown["id"])
    run_jobs()
    assert seller.call("queryAsyncJobResult", jobid=answer["jobid"])["jobstatus"] == 2
    assert mails == []


def _refuses(self):
    raise ConnectionRefusedError("nobody is at home")


def test_invitations_end(root, seller, tenants, client_of, project, guest, by_invitation):
    done(seller, "addAccountToProject", projectid=project.uuid, account="guest")
    assert len(invited(seller, projectid=project.uuid, activeonly=True)) == 1
    assert expire_invitations() == 0
    ProjectInvitation.objects.update(created=timezone.now() - timedelta(days=2))
    assert refusal(client_of(guest), "updateProjectInvitation", projectid=project.uuid).code == 431
    assert invited(seller, projectid=project.uuid, activeonly=True) == []
    assert expire_invitations() == 1
    assert invited(seller, projectid=project.uuid, state="Expired") == [("apollo", "guest", "Expired")]
    done(seller, "addAccountToProject", projectid=project.uuid, account="guest")


def test_admins_of_the_project_take_invitations_back(
    root, seller, sales_admin, client_of, project, guest, by_invitation
):
    done(seller, "addAccountToProject", projectid=project.uuid, account="guest")
    [shown] = seller.items("listProjectInvitations", projectid=project.uuid)
    assert seller.call("listProjectInvitations") == {}  # those to himself
    for client in (root, sales_admin):
        assert len(client.items("listProjectInvitations", listall=True)) == 1
        assert client.call("listProjectInvitations") == {}
    assert refusal(client_of(guest), "deleteProjectInvitation", id=shown["id"]).code == 531
    member = UserFactory(account=AccountFactory(domain=guest.domain))
    join_project(project, member.account)
    assert refusal(client_of(member), "deleteProjectInvitation", id=shown["id"]).code == 431
    done(seller, "deleteProjectInvitation", id=shown["id"])
    assert client_of(guest).call("listProjectInvitations") == {}


def test_an_admin_who_is_invited_counts_the_project(seller, root, tenants, client_of, project, guest, by_invitation):
    root.call("updateResourceLimit", account="guest", domainid=tenants.sales.uuid, resourcetype=5, max=0)
    done(seller, "addAccountToProject", projectid=project.uuid, account="guest", roletype="Admin")
    client = client_of(guest)
    assert refusal(client, "updateProjectInvitation", projectid=project.uuid).code == 535
    assert invited(client) == [("apollo", "guest", "Pending")]
    root.call("updateResourceLimit", account="guest", domainid=tenants.sales.uuid, resourcetype=5, max=1)
    done(client, "updateProjectInvitation", projectid=project.uuid)
    [account] = root.items("listAccounts", id=guest.account.uuid)
    assert (account["projecttotal"], account["projectavailable"]) == (1, "0")
