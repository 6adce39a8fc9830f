"""Many at once: a limit is never passed, no two wait for each other, and nothing is lost."""

import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory, join_project, project_of
from apps.accounts.models import (
    ApiKeyPair,
    MemberRole,
    ProjectMember,
    ProjectRole,
    ResourceCount,
    ResourceLimit,
    ResourceType,
)
from apps.accounts.selectors import caller_of
from apps.accounts.services import counting
from apps.accounts.services.api_keys import ApiKeyManager
from apps.accounts.services.counting import recount_account, recount_domain, register_counter
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.project_members import ProjectMemberManager
from apps.accounts.services.project_roles import ProjectRoleManager
from apps.accounts.services.projects import ProjectManager
from apps.compute.models import SshKeyPair
from cloudstack.framework.errors import InvalidParameter, LimitExceeded, ResourceInUse, StaleState

VM, CPU, MEMORY = ResourceType.USER_VM, ResourceType.CPU, ResourceType.MEMORY

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def together(*jobs: Callable[[], object]) -> list[object]:
    """Run the jobs in threads with a connection each; answers what they returned or raised."""
    outcomes: list[object] = [None] * len(jobs)
    gate = threading.Barrier(len(jobs))

    def run(position: int, job: Callable[[], object]) -> None:
        gate.wait()
        try:
            outcomes[position] = job()
        except Exception as error:
            outcomes[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_fifty_at_once_for_a_limit_of_twenty():
    account = AccountFactory()
    ResourceLimit.objects.create(account=account, type=VM, max=20)

    def take() -> str:
        with transaction.atomic():
            LimitManager().reserve(account, {VM: 1, CPU: 1, MEMORY: 64})
        return "taken"

    outcomes = together(*[take] * 50)
    refused = [outcome for outcome in outcomes if isinstance(outcome, LimitExceeded)]
    assert outcomes.count("taken") == 20
    assert len(refused) == 30
    assert {refusal.code for refusal in refused} == {535}
    used = ResourceCount.objects.exclude(count=0)
    counts = dict(used.filter(account=account).values_list("type", "count"))
    assert counts == {VM: 20, CPU: 20, MEMORY: 20 * 64}
    assert dict(used.filter(domain=account.domain).values_list("type", "count")) == counts


def test_accounts_of_one_tree_share_its_limit_without_deadlock():
    top = DomainFactory(name="top")
    accounts = [AccountFactory(domain=DomainFactory(name=f"leaf-{n}", parent=top)) for n in range(4)]
    # In the other order than accounts are: rows of domains exist before those of accounts and after.
    for account in accounts[::-1][:2]:
        LimitManager().reserve(account, {CPU: 1})
        LimitManager().release(account, {CPU: 1})
    ResourceLimit.objects.create(domain=top, type=VM, max=10)

    def take_and_give(account):
        def act() -> int:
            taken = 0
            for _ in range(6):
                kinds = [VM, CPU, MEMORY]
                random.shuffle(kinds)
                try:
                    with transaction.atomic():
                        for kind in kinds:
                            LimitManager().reserve(account, {kind: 1})
                    taken += 1
                except LimitExceeded:
                    pass
            with transaction.atomic():
                LimitManager().release(account, {VM: 1 if taken else 0, CPU: 1 if taken else 0})
            return taken - bool(taken)

        return act

    outcomes = together(*[take_and_give(account) for account in accounts for _ in range(2)])
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    of_accounts = sum(ResourceCount.objects.filter(account__in=accounts, type=VM).values_list("count", flat=True))
    of_top = ResourceCount.objects.get(domain=top, type=VM).count
    assert of_accounts == of_top == sum(outcomes) <= 10


def test_a_recount_in_the_middle_of_reservations_loses_none():
    account = AccountFactory()
    before = dict(counting._counters)
    # The truth of this test is another counter row that is written in the same transaction.
    truth = ResourceCount.objects.create(account=AccountFactory(), type=VM)
    register_counter(VM, lambda accounts: dict.fromkeys(accounts, ResourceCount.objects.get(pk=truth.pk).count))
    try:

        def take() -> None:
            for _ in range(10):
                with transaction.atomic():
                    LimitManager().reserve(account, {VM: 1})
                    ResourceCount.objects.filter(pk=truth.pk).update(count=_plus_one())

        def recount() -> None:
            for _ in range(10):
                recount_account(account, [VM])
                recount_domain(account.domain, [VM])

        ResourceLimit.objects.create(account=account, type=VM, max=-1)
        ResourceLimit.objects.create(domain=account.domain, type=VM, max=-1)
        outcomes = together(take, take, recount, recount)
    finally:
        counting._counters.clear()
        counting._counters.update(before)
    assert outcomes == [None] * 4
    for owner in ({"account": account}, {"domain": account.domain}):
        assert ResourceCount.objects.get(**owner, type=VM).count == 20


def _plus_one():
    from django.db.models import F

    return F("count") + 1


def test_two_registrations_at_once_leave_one_pair():
    user = UserFactory()
    caller = caller_of(user)
    outcomes = together(*[lambda: ApiKeyManager().register(caller=caller, user=user)] * 6)
    assert all(isinstance(outcome, ApiKeyPair) for outcome in outcomes)
    assert ApiKeyPair.objects.filter(user=user).count() == 1


def test_one_of_two_equal_names_wins():
    from apps.accounts.services.domains import DomainManager
    from cloudstack.framework.errors import InvalidParameter

    root = AccountFactory(root_admin=True)
    caller = caller_of(UserFactory(account=root))
    outcomes = together(
        *[
            lambda name=name: DomainManager().create(caller=caller, name=name, parent=root.domain)
            for name in ("a", "A") * 3
        ]
    )
    assert sum(isinstance(outcome, InvalidParameter) for outcome in outcomes) == 5


def test_two_admins_who_step_back_at_once_leave_one():
    project = project_of(AccountFactory())
    other = join_project(project, AccountFactory())
    ProjectMember.objects.filter(pk=other.pk).update(role=MemberRole.ADMIN)
    for member in project.members.select_related("account__domain"):
        LimitManager().reserve(member.account, {ResourceType.PROJECT: 1})

    def step_back(name: str) -> Callable[[], object]:
        return lambda: ProjectManager().update(
            caller=root, project=project, account_name=name, role=MemberRole.REGULAR, swap_owner=False
        )

    root = caller_of(UserFactory(account=AccountFactory(root_admin=True)))
    names = list(project.members.values_list("account__name", flat=True))
    outcomes = together(*map(step_back, names))
    assert [type(outcome) for outcome in outcomes].count(InvalidParameter) == 1
    assert project.members.filter(role=MemberRole.ADMIN).count() == 1
    counts = ResourceCount.objects.filter(account__isnull=False, type=ResourceType.PROJECT)
    assert sorted(counts.values_list("count", flat=True)) == [0, 1]


def test_a_role_that_goes_while_somebody_gets_it_is_either_kept_or_not_given():
    project = project_of(AccountFactory())
    root = caller_of(UserFactory(account=AccountFactory(root_admin=True)))
    for number in range(5):
        role = ProjectRole.objects.create(project=project, name=f"r{number}")
        guest = AccountFactory(domain=project.domain)
        outcomes = together(
            lambda role=role: ProjectRoleManager().delete(caller=root, role=role),
            lambda role=role, guest=guest: ProjectMemberManager().add_account(
                caller=root, project=project, account_name=guest.name, project_role=role
            ),
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(outcome) for outcome in refused] in ([ResourceInUse], [StaleState])
        assert ProjectMember.objects.filter(account=guest).count() == ProjectRole.objects.filter(pk=role.pk).count()


def test_who_moves_amounts_between_accounts_and_who_takes_some_do_not_wait_for_each_other():
    domain = DomainFactory()
    one, other = AccountFactory(domain=domain), AccountFactory(domain=domain)
    for account in (other, one):
        LimitManager().reserve(account, {VM: 20})

    def move(source, target):
        for _ in range(20):
            with transaction.atomic():
                LimitManager().hold(source, target)
                LimitManager().release(source, {VM: 1})
                LimitManager().reserve(target, {VM: 1})

    def take(account):
        for _ in range(20):
            with transaction.atomic():
                LimitManager().reserve(account, {VM: 1})
                LimitManager().release(account, {VM: 1})

    ResourceLimit.objects.create(domain=domain, type=VM, max=-1)
    for account in (one, other):
        ResourceLimit.objects.create(account=account, type=VM, max=-1)
    pairs = ((one, other), (other, one))
    outcomes = together(
        *(lambda pair=pair: move(*pair) for pair in pairs),
        *(lambda account=account: take(account) for account in pairs[0]),
    )
    assert outcomes == [None] * 4
    counts = ResourceCount.objects.filter(type=VM, tag="")
    assert [counts.get(account=account).count for account in pairs[0]] == [20, 20]
    assert counts.get(domain=domain).count == 40


def test_whoever_opens_accounts_and_whoever_takes_amounts_in_the_domain_do_not_wait_for_each_other():
    """What is made points at its domain, which is looked at when it is committed, with the counters held."""
    admin = UserFactory(account=AccountFactory())
    owner = admin.account
    LimitManager().reserve(owner, {VM: 1})
    ResourceLimit.objects.create(domain=owner.domain, type=ResourceType.PROJECT, max=-1)
    ResourceLimit.objects.create(account=owner, type=ResourceType.PROJECT, max=-1)
    ResourceLimit.objects.create(account=owner, type=VM, max=-1)
    ResourceLimit.objects.create(domain=owner.domain, type=VM, max=-1)

    def open_projects():
        for number in range(15):
            ProjectManager().create(caller=caller_of(admin), name=f"p{number}", display_text="", owner=owner)

    def take():
        for number in range(30):
            with transaction.atomic():
                LimitManager().reserve(owner, {VM: 1})
                SshKeyPair.objects.create(
                    account=owner, domain=owner.domain, name=f"k{number}", public_key="k", fingerprint="f"
                )

    assert together(open_projects, take) == [None, None]
    counts = ResourceCount.objects.filter(domain=owner.domain, tag="")
    assert (counts.get(type=VM).count, counts.get(type=ResourceType.PROJECT).count) == (31, 15)
