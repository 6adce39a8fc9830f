"""The admin shows everything, acts through commands and writes past nothing."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client

from apps.accounts.admin.commands import typed_for
from apps.accounts.factories import (
    PASSWORD,
    AccountFactory,
    ApiKeyPairFactory,
    RoleFactory,
    UserFactory,
    join_project,
    project_of,
)
from apps.accounts.models import (
    Account,
    Project,
    ProjectInvitation,
    ProjectMember,
    ProjectRole,
    ProjectRolePermission,
    RolePermission,
    User,
)
from apps.accounts.services.limits import LimitManager, ResourceType
from apps.accounts.states import AccountState
from cloudstack.framework.context import RoleType
from cloudstack.testing.jobs import run_jobs

MODELS = [model for model in admin.site._registry if model._meta.app_label == "accounts"]


@pytest.fixture
def browser(tenants):
    client = Client()
    assert client.login(username="boss", password=PASSWORD)
    return client


@pytest.fixture
def populated(tenants):
    for account in AccountFactory.create_batch(4):
        ApiKeyPairFactory(user=UserFactory(account=account))
        LimitManager().reserve(account, {ResourceType.USER_VM: 1})
    for position, role in enumerate(RoleFactory.create_batch(3)):
        RolePermission.objects.create(role=role, rule="list*", permission="allow", position=position)


def path_of(model, *parts):
    return "/".join(["/admin", model._meta.app_label, model._meta.model_name, *map(str, parts)]) + "/"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_and_pages_open_and_cost_little(browser, populated, model, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        response = browser.get(path_of(model))
    assert response.status_code == 200
    assert browser.get(path_of(model), {"q": "a"}).status_code == 200
    first = model._default_manager.first()
    if first is not None:
        page = browser.get(path_of(model, first.pk, "change"))
        assert page.status_code == 200
        assert b'name="_save"' not in page.content


def test_no_secret_is_on_any_page(browser, populated, tenants):
    pair = ApiKeyPairFactory(user=tenants.seller)
    for page in (path_of(type(pair), pair.pk, "change"), path_of(User, tenants.seller.pk, "change")):
        html = browser.get(page).content.decode()
        assert pair.secret_key not in html
        assert User.objects.get(pk=tenants.seller.pk).password not in html


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_form_writes(browser, populated, model):
    first = model._default_manager.first()
    assert browser.get(path_of(model, "add")).status_code == 403
    assert browser.post(path_of(model, first.pk if first else 1, "change"), {"name": "x"}).status_code in (302, 403)
    assert browser.post(path_of(model, first.pk if first else 1, "delete"), {"post": "yes"}).status_code in (302, 403)
    assert first is None or model._default_manager.get(pk=first.pk) == first


def act(browser, model, action, *objects, **more):
    data = {"action": action, "_selected_action": [obj.pk for obj in objects], "typed": typed_for(objects), **more}
    return browser.post(path_of(model), data, follow=True).content.decode()


def test_actions_call_commands(browser, tenants):
    account = tenants.seller.account
    html = act(browser, Account, "disableAccount_False", account)
    assert "job" in html
    run_jobs()
    assert Account.objects.get(pk=account.pk).state == AccountState.DISABLED
    act(browser, Account, "enableAccount", account)
    assert Account.objects.get(pk=account.pk).state == AccountState.ENABLED


def test_a_refusal_is_shown_and_changes_nothing(browser, tenants):
    assert "It will be refused: You cannot delete yourself" in act(browser, User, "deleteUser", tenants.root)
    html = act(browser, User, "deleteUser", tenants.root, confirmed="1")
    assert "You cannot delete yourself" in html
    assert User.objects.filter(pk=tenants.root.pk).exists()


def test_a_password_is_set_by_djangos_form(browser, tenants):
    page = f"/admin/accounts/user/{tenants.seller.pk}/password/"
    assert page in browser.get(path_of(User, tenants.seller.pk, "change")).content.decode()
    User.objects.filter(pk=tenants.seller.pk).update(state=AccountState.LOCKED)
    data = {"password1": "a new one for seller", "password2": "a new one for seller"}
    assert browser.post(page, data).status_code == 302
    user = User.objects.get(pk=tenants.seller.pk)
    assert user.check_password("a new one for seller")
    assert user.state == AccountState.LOCKED
    assert "a new one" not in str(list(LogEntry.objects.values_list()))


def test_a_restricted_root_admin_may_look_at_nothing_he_was_not_given(tenants):
    role = RoleFactory(type=RoleType.ADMIN)
    reader = UserFactory(username="reader", account=AccountFactory(role=role, domain=tenants.root.domain))
    client = Client()
    assert client.login(username="reader", password=PASSWORD)
    assert client.get("/admin/").status_code == 200
    for model in MODELS:
        assert client.get(path_of(model)).status_code == 403, model
    assert client.post(f"/admin/accounts/user/{reader.pk}/password/", {}).status_code == 403


def test_projects_are_worked_from_their_pages(browser, tenants):
    project = project_of(tenants.seller.account)
    colleague = join_project(project, tenants.colleague, deny="*")
    guest = join_project(project, AccountFactory(domain=tenants.sales))
    asked = ProjectInvitation.objects.create(project=project, account=tenants.emea_seller.account)
    rule = ProjectRolePermission.objects.get()
    act(browser, ProjectMember, "updateProject_False_Admin", colleague, guest)
    act(browser, ProjectMember, "updateProject_False_Regular", guest)
    roles = dict(project.members.values_list("pk", "role"))
    assert (roles[colleague.pk], roles[guest.pk]) == ("Admin", "Regular")
    act(browser, ProjectMember, "deleteAccountFromProject", guest, confirmed="1")
    act(browser, ProjectMember, "deleteUserFromProject", colleague, confirmed="1")
    assert project.members.count() == 1
    act(browser, ProjectInvitation, "deleteProjectInvitation", asked, confirmed="1")
    act(browser, ProjectRolePermission, "deleteProjectRolePermission", rule, confirmed="1")
    act(browser, ProjectRole, "deleteProjectRole", rule.role, confirmed="1")
    assert not (ProjectInvitation.objects.exists() or ProjectRole.objects.exists())
    act(browser, Project, "suspendProject", project, confirmed="1")
    run_jobs()
    assert Project.objects.get().state == "Suspended"
    act(browser, Project, "activateProject", project)
    html = act(browser, Project, "deleteProject_False", project)
    assert Project.objects.get().state == "Active" and project.name in html  # asked first
    act(browser, Project, "deleteProject_True", project, confirmed="1")
    run_jobs()
    assert not Project.objects.exists()
