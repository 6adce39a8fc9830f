"""Search over all kinds: what leads to an object, and that nobody finds what is not his to see."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import (
    AccountFactory,
    RoleFactory,
    UserFactory,
    caller_for,
    domain_admin_caller,
    join_project,
    project_of,
    root_caller,
    user_caller,
)
from apps.accounts.models import Domain, RolePermission, User
from apps.compute.models import Nic, VirtualMachine
from apps.metadata.factories import tag
from apps.network.factories import NetworkFactory
from apps.network.models import IpAllocation
from apps.portal.selectors.search import Findings, found_for
from apps.portal.selectors.search_kinds import KINDS, all_kinds
from apps.portal.selectors.search_terms import LONGEST
from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.services.sharing import SharingManager
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.search import trigrams
from tests.support.owned import BY_NAME, OWNED, card, further_address, machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return UserFactory(username="anna", email="anna@example.org", first_name="Anna", account=AccountFactory())


def names(caller: Caller, term: str, kind: str = "") -> list[str]:
    groups = found_for(caller, term).groups
    return [row.name for group in groups for row in group.rows if kind in ("", group.kind.key)]


def uuids(findings: Findings) -> set[str]:
    return {str(row.uuid) for group in findings.groups for row in group.rows}


def inside() -> bool:
    return bool(trigrams.indexes_of(connection))


def test_a_machine_is_found_by_all_that_people_know_of_it(owner: User) -> None:
    caller = caller_for(owner)
    vm = card(owner).vm
    VirtualMachine.objects.filter(pk=vm.pk).update(name="web-front-1", display_name="Shop of Anna")
    further = further_address(UserFactory(account=owner.account))
    IpAllocation.objects.filter(pk=further.pk).update(address="10.77.0.9")
    whole = str(vm.uuid)
    keys = ["web-front-1", "WEB-F", "we", "shop of", "Shop of Anna", whole, whole.upper(), whole[:8], whole[:13],
            whole.replace("-", ""), "10.1.1.5", "10.1.1.", "10.1", "02:00:00:00:00:01", "02-00-00-00-00-01",
            "0200.0000.0001", "020000000001", "02:00:00:00:00:0"]  # fmt: skip
    for key in keys:
        assert "web-front-1" in names(caller, key, "VirtualMachine"), key
    assert names(caller, "10.77.0.9") == ["secret"]
    for key in ("web-front-2", "10.1.1.55", "10.2", "02:00:00:00:00:02", "eb-front-1x", "%", "%%", "_e", "w_b", "web%"):
        assert names(caller, key) == [], key
    [group] = found_for(caller, "web-front").groups
    [row] = group.rows
    assert (row.kind.key, row.uuid, row.state, row.by) == ("VirtualMachine", vm.uuid, "Stopped", "name")
    assert (row.account, row.zone) == (owner.account.name, vm.zone.name) and row.context.count(" · ") == 2


def test_text_inside_of_names_is_found_where_the_database_has_an_index_for_it(owner: User) -> None:
    VolumeFactory(account=owner.account, name="backup-of-mail")
    found = found_for(caller_for(owner), "of-mail")
    assert [row.name for group in found.groups for row in group.rows] == (["backup-of-mail"] if inside() else [])
    assert found.begins_only is not inside()
    assert inside() is (connection.vendor == "postgresql")
    # Two letters are no trigram: names that begin with them.
    assert names(caller_for(owner), "ba") == ["backup-of-mail"]
    assert found_for(caller_for(owner), "ba").begins_only


def test_names_in_other_alphabets_and_with_signs_of_patterns_are_found(owner: User) -> None:
    for name in ("100%_sure", "back\\slash", "Größe", "日本語サーバー"):
        VolumeFactory(account=owner.account, name=name)
    caller = caller_for(owner)
    assert names(caller, "100%_s") == ["100%_sure"] and names(caller, "1000") == []
    assert names(caller, "back\\s") == ["back\\slash"]
    assert names(caller, "größe") == ["Größe"] and names(caller, "日本") == ["日本語サーバー"]


def test_a_tag_leads_to_its_object(owner: User) -> None:
    caller, volume = caller_for(owner), VolumeFactory(account=owner.account, name="disk")
    tag(volume, "Volume", "Stage", "production")
    tag(VolumeFactory(account=owner.account, name="other"), "Volume", "stage", "test" * 200)
    for key in ("production", "PRODUCTION", "stage=production", "STAGE = production"):
        assert names(caller, key) == ["disk"], key
    assert sorted(names(caller, "stage")) == sorted(names(caller, "stage=")) == ["disk", "other"]
    assert names(caller, "test" * 200) == ["other"]
    for key in ("stage=test", "producti", "stag", "test" * 199, "=production"):
        assert names(caller, key) == [], key
    [group] = found_for(caller, "stage=production").groups
    assert group.rows[0].by == "tag"
    assert names(user_caller(), "production") == []


def test_users_are_for_administrators(owner: User) -> None:
    admin, stranger = domain_admin_caller(owner.account.domain), domain_admin_caller()
    for key in ("anna", "anna@example", "Anna"):
        assert names(admin, key, "User") == names(root_caller(), key, "User") == ["anna"], key
        assert names(caller_for(owner), key, "User") == names(stranger, key, "User") == [], key


MODELS = sorted(OWNED, key=lambda model: model.__name__)


@pytest.mark.parametrize("model", MODELS, ids=[model.__name__ for model in MODELS])
def test_nobody_finds_what_is_anothers(model: type) -> None:
    """By UUID, by its begin, and by name: own and administered objects at most."""
    owner, other = UserFactory(), UserFactory()
    thing = OWNED[model](owner)
    uuid, kind = str(thing.uuid), next(kind for kind in all_kinds() if kind.model is model)
    terms = [uuid, uuid[:9], *([getattr(thing, kind.title)] if kind.indexes else [])]
    strangers = [caller_for(other), domain_admin_caller(other.account.domain)]
    for term in terms:
        assert uuid in uuids(found_for(root_caller(), term)), term
        for stranger in strangers:
            assert uuid not in uuids(found_for(stranger, term)), (term, stranger.username)
    if kind in KINDS and model not in (Domain, User):
        assert uuid in uuids(found_for(caller_for(owner), uuid))


def test_what_is_shared_is_found(owner: User) -> None:
    mine = caller_for(owner)
    theirs = AccountFactory()
    for name, more in (("their private", {}), ("their public", {"is_public": True}), ("their shared", {})):
        made = TemplateFactory(name=name, account=theirs, **more)
        if "shared" in name:
            SharingManager().share(caller=None, image=made, add=[owner.account])
    NetworkFactory(name="their network", account=theirs)
    NetworkFactory(name="their net for all", account=theirs, shared=True)
    assert names(mine, "their", "Template") == ["their public", "their shared"]
    assert names(mine, "their", "Network") == ["their net for all"]


def test_what_a_project_owns_is_found_by_its_members_as_their_roles_allow() -> None:
    admin, member, barred = UserFactory(), UserFactory(), UserFactory()
    project = project_of(admin.account)
    VolumeFactory(account=project.account, name="of the project")
    join_project(project, member.account)
    join_project(project, barred.account, deny="listVolumes")
    assert names(caller_for(admin), "of the") == names(caller_for(member), "of the") == ["of the project"]
    assert names(caller_for(barred), "of the") == names(user_caller(), "of the") == []


def test_a_role_that_does_not_admit_a_list_finds_nothing_of_its_kind(owner: User) -> None:
    role = RoleFactory(type=RoleType.USER)
    RolePermission.objects.create(role=role, rule="listVolumes", permission="deny", position=0)
    caller = caller_for(UserFactory(account=AccountFactory(role=role)))
    VolumeFactory(account_id=caller.account_id, domain_id=caller.domain_id, name="mine to have")
    NetworkFactory(account_id=caller.account_id, domain_id=caller.domain_id, name="mine to see")
    assert names(caller, "mine to") == ["mine to see"]


def test_hidden_removed_and_free_things_are_not_found(owner: User) -> None:
    caller, vm = caller_for(owner), machine(owner)
    assert names(caller, "secret") == ["secret"]
    VirtualMachine.objects.update(is_displayed=False)
    assert names(caller, "secret") == [] and names(root_caller(), "secret") == ["secret"]
    vm.mark_removed()
    assert names(root_caller(), "secret") == names(root_caller(), str(vm.uuid)) == []


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [("", "Type a name"), ("   ", "Type a name"), ("x", "at least 2"), ("a\0b", "control characters"),
     ("\ud800x", "control characters"), ("x" * 10_000, "10000 characters"), ("x" * LONGEST, "")],
    ids=["nothing", "blanks", "one", "nul", "surrogate", "endless", "longest"],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_said(typed: str, refusal: str) -> None:
    found = found_for(root_caller(), typed)
    assert found.groups == [] and (refusal in found.refusal if refusal else found.refusal == "")


def test_the_whole_name_comes_first_however_many_hold_it(owner: User) -> None:
    for number in range(12):
        VolumeFactory(account=owner.account, name=f"data-{number}-x")
    VolumeFactory(account=owner.account, name="data")
    caller = caller_for(owner)
    [group] = found_for(caller, "data").groups
    assert [len(group.rows), group.more, group.rows[0].name] == [5, True, "data"]
    [group] = found_for(caller, "data", of_a_kind=20).groups
    assert [len(group.rows), group.more] == [13, False]


def test_all_kinds_cost_one_statement_and_what_was_found_another(owner: User) -> None:
    vm = machine(owner)
    trigrams.indexes_of(connection)

    def cost(call: Callable[[], object]) -> int:
        call()
        with CaptureQueriesContext(connection) as captured:
            call()
        return len(captured)

    for caller in (root_caller(), caller_for(owner), domain_admin_caller(owner.account.domain)):
        # One more asks which kinds carry such a tag.
        assert cost(lambda caller=caller: found_for(caller, "nothing like it")) == 2
        assert cost(lambda caller=caller: found_for(caller, "secret")) == 3
        assert cost(lambda caller=caller: found_for(caller, str(vm.uuid))) == 2


def test_another_term_of_the_same_shape_finds_its_own(owner: User) -> None:
    """Statements are kept and carried out with other values: none may be left of the term before."""
    caller, one, two = caller_for(owner), VolumeFactory(account=owner.account), VolumeFactory(account=owner.account)
    tag(one, "Volume", "stage", "production")
    tag(two, "Volume", "stage", "test")
    for terms in (
        (one.name, two.name), (str(one.uuid), str(two.uuid)), (str(one.uuid)[:8], str(two.uuid)[:8]),
        ("production", "test"), ("stage=production", "stage=test"), ("STAGE = production", "Stage = test"),
    ):  # fmt: skip
        for term, name in (*zip(terms, (one.name, two.name), strict=True), (terms[0], one.name)):
            assert name in names(caller, term, "Volume") and len(names(caller, term, "Volume")) == 1, term
    assert names(caller_for(UserFactory()), one.name) == []


def test_every_kind_has_a_command_of_its_own_and_what_has_no_name_is_known() -> None:
    assert len({kind.command for kind in KINDS}) == len(KINDS)
    shown = {kind.key for kind in all_kinds()}
    assert {model.__name__ for model in OWNED} | BY_NAME <= shown
    for kind in KINDS:
        assert kind.indexes or kind.addresses or kind.key == "AsyncJob", f"{kind.key} is found by nothing but its UUID"


def test_a_machine_is_not_found_by_a_card_that_is_gone(owner: User) -> None:
    nic = card(owner)
    Nic.objects.filter(pk=nic.pk).first().mark_removed()
    assert names(caller_for(owner), "10.1.1.5") == []
