"""The editor of a role's rules: what each rule decides, what a change would open, who may do it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission as DjangoPermission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.accounts.models import Role, RolePermission
from apps.accounts.services.bootstrap import ensure_default_roles
from apps.accounts.services.role_effects import effects_of
from apps.accounts.services.role_rules import rules_of
from cloudstack.api import registry
from cloudstack.framework.context import RoleType
from cloudstack.framework.events.models import Event
from tests.support.cloud import SimulatedCloud


def with_rules(role: Role, *rules: str) -> Role:
    for position, text in enumerate(rules):
        word, pattern = text.split()
        RolePermission.objects.create(role=role, rule=pattern, permission=word, position=position)
    return role


@pytest.fixture
def role(cloud: SimulatedCloud) -> Role:
    return with_rules(RoleFactory(name="clerk", type=RoleType.USER), "deny listVolumes", "allow list*", "deny *")


def url(role: Role) -> str:
    return f"/admin/accounts/role/{role.pk}/rules/"


def rules(role: Role) -> list[str]:
    return [str(rule) for rule in role.permissions.order_by("position", "pk")]


def post(client: Client, role: Role, do: str, **more: Any) -> Any:
    return client.post(url(role), {"do": do, **more})


def confirm(client: Client, page: Any) -> Any:
    """Press the button under what would happen."""
    role = page.context["role"]
    posted = {**page.context["preview"]["posted"], "version": role.version, "confirmed": "1"}
    return client.post(url(role), posted, follow=True)


def messages_of(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]


@pytest.mark.parametrize("kind", list(RoleType))
def test_what_the_page_says_is_what_the_role_check_does(cloud: SimulatedCloud, kind: RoleType) -> None:
    role = with_rules(RoleFactory(type=kind), "allow LISTu*", "deny list*", "allow *VirtualMachine*", "deny get*s")
    effects, check = effects_of(role), rules_of(role.pk, role.version)
    for command in registry.all():
        assert effects.verdicts[command.name].allowed == (command.anonymous or check.allows(command)), command.name
    # Each command that a rule decides is decided by one rule only.
    decided = [name for reach in effects.reaches for name in reach.decided]
    assert len(decided) == len(set(decided))
    assert set(decided) == {name for name, one in effects.verdicts.items() if one.rule is not None}


def test_each_rule_tells_what_it_decides_and_what_was_decided_before(operator: Client, role: Role) -> None:
    listing = [one.name for one in registry.all() if one.name.startswith("list") and not one.anonymous]
    page = operator.get(url(role))
    reaches = [row.reach for row in page.context["rows"]]
    assert [len(reach.decided) for reach in reaches[:2]] == [1, len(listing) - 1]
    # Before it come the first rule and what needs no credentials, which no rule decides.
    late = [[one.command for one in reach.late if one.reason != "open"] for reach in reaches[:2]]
    assert late == [[], ["listVolumes"]]
    assert page.content.decode().count("<span>listUsers</span>") == 0, "the list comes on demand"
    second = role.permissions.get(rule="list*")
    opened = operator.get(url(role), {"show": second.uuid}).content.decode()
    assert "<span>listUsers</span>" in opened and "rule 1. deny listVolumes" in opened
    RolePermission.objects.create(role=role, rule="listUsers", permission="allow", position=9)
    assert "comes too late" in operator.get(url(role)).content.decode()


def test_a_new_rule_is_shown_before_it_counts(operator: Client, role: Role) -> None:
    first = role.permissions.get(rule="listVolumes")
    asked = post(operator, role, "add", rule="*Volume*", permission="allow", before=first.uuid, text="for backups")
    html = asked.content.decode()
    difference = asked.context["preview"]["difference"]
    assert "listVolumes" in difference.allowed and "createVolume" in difference.allowed and difference.denied == ()
    assert f"newly allow {len(difference.allowed)} commands" in html and "<span>createVolume</span>" in html
    assert len(rules(role)) == 3, "nothing has happened"
    done = confirm(operator, asked)
    assert rules(role) == ["allow *Volume*", "deny listVolumes", "allow list*", "deny *"]
    assert "it newly allows" in messages_of(done)[0]
    assert RolePermission.objects.get(rule="*Volume*").description == "for backups"
    assert Event.objects.filter(type="ROLE.PERMISSION.CREATE", user__username="operator").exists()
    # Behind "deny *" a rule says nothing any more, and the page says so before.
    late = post(operator, role, "add", rule="listUsers", permission="deny")
    assert not late.context["preview"]["difference"] and "decides 0 of them" in late.content.decode()


@pytest.mark.parametrize(
    ("given", "blamed", "words"),
    [
        ({"rule": "list.*", "permission": "allow"}, "rule", "of letters, digits and *"),
        ({"rule": "", "permission": "allow"}, "rule", "missing parameter rule"),
        ({"rule": "LIST*", "permission": "allow"}, "rule", "has a rule LIST* already"),
        ({"rule": "x", "permission": "perhaps"}, "permission", "perhaps"),
    ],
)
def test_an_error_stands_by_its_field(
    operator: Client, role: Role, given: dict[str, str], blamed: str, words: str
) -> None:
    page = post(operator, role, "add", text="typed before", **given)
    assert page.status_code == 400 and page.context["blamed"] == blamed
    html = page.content.decode()
    assert words in html and 'value="typed before"' in html and "confirmed" not in html
    assert len(rules(role)) == 3


def test_rules_are_moved_turned_and_deleted(operator: Client, role: Role) -> None:
    first, _, last = role.permissions.order_by("position")
    moved = post(operator, role, "down", id=first.uuid)
    assert moved.context["preview"]["difference"].allowed == ("listVolumes",) and rules(role)[0] == "deny listVolumes"
    confirm(operator, moved)
    assert rules(role) == ["allow list*", "deny listVolumes", "deny *"]
    # What changes nothing for anybody is done at once, and the same button has the focus again.
    answer = post(operator, role, "down", id=first.uuid)
    assert answer.status_code == 302 and answer["Location"].endswith(f"?moved={first.uuid}&way=down")
    assert rules(role) == ["allow list*", "deny *", "deny listVolumes"]
    turned = confirm(operator, post(operator, role, "turn", id=last.uuid))
    assert "newly allows" in messages_of(turned)[0] and rules(role)[1] == "allow *"
    confirm(operator, post(operator, role, "delete", id=last.uuid))
    assert rules(role) == ["allow list*", "deny listVolumes"]
    late = operator.post(url(role), {"do": "up", "id": last.uuid}, follow=True)
    assert "somebody has changed the rules" in messages_of(late)[0]
    for nonsense in ({"do": "explode"}, {"do": ""}):
        assert operator.post(url(role), nonsense).status_code == 404


def test_who_looked_at_older_rules_looks_again(operator: Client, role: Role, cloud: SimulatedCloud) -> None:
    asked = post(operator, role, "delete", id=role.permissions.get(rule="*").uuid)
    cloud.admin.call("createRolePermission", roleid=role.uuid, rule="x*", permission="allow")
    page = confirm(operator, asked)
    assert "The rules have changed since you looked" in page.content.decode() and "deny *" in rules(role)
    confirm(operator, page)
    assert "deny *" not in rules(role)


def test_the_tester_says_what_decides(operator: Client, role: Role) -> None:
    def told(**query: str) -> dict[str, tuple[bool, str]]:
        found = operator.get(url(role), query).context["tested"]["found"]
        return {one.command: (one.allowed, by) for one, by in found}

    assert told(q="listvol")["listVolumes"] == (False, "rule 1. deny listVolumes")
    assert told(q="listUsers") == {"listUsers": (True, "rule 2. allow list*")}
    assert told(q="login")["login"] == (True, "it needs no credentials: roles do not matter")
    role.permissions.get(rule="*").delete()
    assert told(q="createZone") == {"createZone": (False, "the command's own declaration: no rule fits it")}
    assert len(told(q="")) == len(registry.all()) > 300
    assert all(allowed for allowed, _ in told(q="", only="allowed").values())
    assert not any(allowed for allowed, _ in told(q="", only="denied").values())
    assert told(q="no such command") == {}


def test_the_installations_roles_are_copied_not_changed(operator: Client, cloud: SimulatedCloud) -> None:
    default = ensure_default_roles()["Read-Only User - Default"]
    before = rules(default)
    html = operator.get(url(default)).content.decode()
    assert "belongs to the installation: copy it and change the copy" in html
    assert post(operator, default, "add", rule="x", permission="allow").status_code == 400
    assert rules(default) == before
    assert "disabled" in html and post(operator, default, "copy", name="").status_code == 400
    page = operator.post(url(default), {"do": "copy", "name": "auditor"}, follow=True)
    copy = Role.objects.get(name="auditor")
    assert page.context["role"] == copy and rules(copy) == before


def test_nobody_shuts_himself_out_or_gives_himself_more(cloud: SimulatedCloud) -> None:
    ground = with_rules(RoleFactory(name="keeper", type=RoleType.ADMIN), "deny *VirtualMachine*")
    other = with_rules(RoleFactory(name="helper", type=RoleType.USER), "deny *")
    user = UserFactory(username="keeper", account=AccountFactory(role=ground, domain=cloud.account.domain))
    client = Client()
    assert client.login(username=f"keeper@{cloud.account.domain.path}", password=PASSWORD)
    assert client.get(url(ground)).status_code == 404, "he may not look at roles"
    user.user_permissions.set(DjangoPermission.objects.filter(codename="view_role"))
    assert "This is your own role" in client.get(url(ground)).content.decode()
    shut = post(client, ground, "add", rule="*RolePermission*", permission="deny", before=ground.permissions.get().uuid)
    assert shut.status_code == 400 and "could not put it back" in shut.content.decode()
    more = post(client, ground, "delete", id=ground.permissions.get().uuid)
    assert more.status_code == 400 and "what you may not call yourself" in more.content.decode()
    # Also for a form made by hand, and for other roles than his.
    for target, fields in (
        (ground, {"do": "delete", "id": ground.permissions.get().uuid}),
        (other, {"do": "turn", "id": other.permissions.get().uuid}),
    ):
        target.refresh_from_db()
        answer = client.post(url(target), {**fields, "confirmed": "1", "version": target.version})
        assert answer.status_code == 400, answer.content.decode()[-500:]
    assert rules(ground) == ["deny *VirtualMachine*"] and rules(other) == ["deny *"]
    # What he has himself he may give.
    given = post(client, other, "add", rule="listUsers", permission="allow", before=other.permissions.get().uuid)
    confirm(client, given)
    assert rules(other) == ["allow listUsers", "deny *"]


def test_buttons_that_a_role_does_not_admit_say_so(cloud: SimulatedCloud, role: Role) -> None:
    watching = with_rules(RoleFactory(type=RoleType.ADMIN), "deny updateRolePermission", "deny createRole*")
    user = UserFactory(username="watcher", account=AccountFactory(role=watching, domain=cloud.account.domain))
    user.user_permissions.set(DjangoPermission.objects.filter(codename="view_role"))
    client = Client()
    assert client.login(username=f"watcher@{cloud.account.domain.path}", password=PASSWORD)
    html = client.get(url(role)).content.decode()
    for name in ("updateRolePermission", "createRolePermission", "createRole"):
        assert f"your role does not admit {name}" in html
    assert post(client, role, "add", rule="x", permission="allow").status_code == 400
    RolePermission.objects.create(role=watching, rule="listRolePermissions", permission="deny", position=9)
    Role.objects.filter(pk=watching.pk).update(version=watching.version + 1000)
    assert client.get(url(role)).status_code == 403


def test_the_page_costs_the_same_however_many_rules(operator: Client, role: Role) -> None:
    operator.get(url(role), {"q": ""})
    with CaptureQueriesContext(connection) as few:
        operator.get(url(role), {"q": ""})
    for number in range(40):
        RolePermission.objects.create(role=role, rule=f"list{number}*", permission="allow", position=number + 3)
    with CaptureQueriesContext(connection) as many:
        page = operator.get(url(role), {"q": ""})
    assert len(many) == len(few) <= 8
    assert len(page.content) < 500_000
    change = operator.get(f"/admin/accounts/role/{role.pk}/change/").content.decode()
    assert "Edit and test" in change and url(role) in change
