"""Machines of one strict anti-affinity group that are deployed at the same moment never land on one host."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections

from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from apps.compute.workflows.steps import placing
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs import AsyncJob, engine
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud, check_invariants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.postgres]

HOSTS = 4


@pytest.fixture
def shared_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedCloud]:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    forget_rules()
    store.forget()
    yield build_cloud(hosts=HOSTS, clusters=1)
    forget_rules()
    store.forget()


@pytest.fixture
def looked_together(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """All jobs that are let in have asked placement once before any of them takes a host."""

    def arrange(count: int) -> None:
        gate, met = threading.Barrier(count), threading.local()
        ranked = placing.ranked

        def wait(*arguments: Any) -> Any:
            found = ranked(*arguments)
            if not getattr(met, "once", False):
                met.once = True
                gate.wait(60)
            return found

        monkeypatch.setattr(placing, "ranked", wait)

    return arrange


def carry_out_together(answers: list[dict[str, Any]]) -> None:
    """Each job in a thread, and so a connection, of its own."""

    def run(uuid: str) -> None:
        try:
            engine.run(AsyncJob.objects.get(uuid=uuid).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(answer["jobid"],)) for answer in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    run_jobs()


@pytest.mark.parametrize("kind", ["host anti-affinity", "host affinity"])
def test_strict_groups_hold_when_all_look_at_once(
    shared_cloud: SimulatedCloud, looked_together: Callable[[int], None], kind: str
) -> None:
    cloud = shared_cloud
    cloud.api.call("createAffinityGroup", name="g", type=kind)
    run_jobs()
    answers = [cloud.deploy(affinitygroupnames="g") for _ in range(HOSTS + 2)]
    looked_together(len(answers))
    carry_out_together(answers)
    running = VirtualMachine.objects.filter(state="Running").values_list("host", flat=True)
    if kind == "host affinity":
        assert len(running) == HOSTS + 2 and len(set(running)) == 1
    else:
        assert len(running) == len(set(running)) == HOSTS
        assert VirtualMachine.objects.filter(state="Error").count() == 2
    check_invariants()


def test_two_that_start_and_one_that_moves_at_once(
    shared_cloud: SimulatedCloud, looked_together: Callable[[int], None]
) -> None:
    """Three machines of a group on four hosts: each host that one of them wants, another may want as well."""
    cloud = shared_cloud
    cloud.api.call("createAffinityGroup", name="g", type="host anti-affinity")
    run_jobs()
    answers = [cloud.deploy(affinitygroupnames="g") for _ in range(3)]
    run_jobs()
    first, second, third = (VirtualMachine.objects.get(uuid=answer["id"]) for answer in answers)
    for vm in (second, third):
        cloud.api.call("stopVirtualMachine", id=vm.uuid, forced=True)
    run_jobs()
    # They may not go back to where they were: all three want the same free hosts.
    VirtualMachine.objects.update(last_host=None)
    moves = [
        cloud.admin.call("migrateVirtualMachine", virtualmachineid=first.uuid),
        cloud.api.call("startVirtualMachine", id=second.uuid),
        cloud.api.call("startVirtualMachine", id=third.uuid),
    ]
    looked_together(3)
    carry_out_together(moves)
    running = list(VirtualMachine.objects.filter(state="Running").values_list("host", flat=True))
    assert len(running) == len(set(running)) == 3
    check_invariants()
