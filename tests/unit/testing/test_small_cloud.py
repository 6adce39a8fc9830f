"""What plugins' tests get: a cloud without any plugin, somebody of each role, faults that really happen."""

from collections.abc import Callable
from typing import Any

import pytest

from cloudstack.contracts.errors import DriverError, DriverUnavailable
from cloudstack.framework.plugins.manager import pm
from cloudstack.testing import stage
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.faults import Faults
from cloudstack.testing.small_cloud import SmallCloud

pytestmark = pytest.mark.django_db


def test_a_machine_lives_on_the_stage(small_cloud: SmallCloud, faults: Faults) -> None:
    machine = small_cloud.machine()
    assert machine["state"] == "Running" and machine["hypervisor"] == stage.NAME
    [host] = small_cloud.world.running_on(machine["id"])
    assert [nic["ipaddress"] for nic in machine["nic"]] == [
        card.ipv4 for cards in small_cloud.world.guests.values() for card in cards.values()
    ]
    assert {
        "images.open",
        "network.prepare_nic",
        "storage.cache_template",
        "storage.create_volume",
        "hypervisor.start",
    } <= set(faults.calls)
    other = next(one["id"] for one in small_cloud.hosts if one["id"] != host)
    moved = small_cloud.run(
        small_cloud.root.call("migrateVirtualMachine", virtualmachineid=machine["id"], hostid=other)
    )
    assert moved["hostid"] == other and small_cloud.world.running_on(machine["id"]) == [other]
    owner = small_cloud.tenants.owner
    assert small_cloud.run(owner.call("stopVirtualMachine", id=machine["id"]))["state"] == "Stopped"
    small_cloud.run(small_cloud.root.call("destroyVirtualMachine", id=machine["id"], expunge=True))
    assert not small_cloud.world.running_on(machine["id"])
    assert not any(small_cloud.world.guests.values()) and len(small_cloud.world.volumes) == 1, "the cached template"


def test_the_stage_is_empty_again_and_gone_from_the_hooks() -> None:
    assert not any(vars(stage.WORLD).values())
    assert not pm.has_plugin("stage")


def test_everybody_is_somebody_of_a_role(
    client_of_role: Callable[[str], ApiClient],
    caller_of_role: Callable[[str], Any],
    browser_of_role: Callable[[str], Any],
) -> None:
    def seen(role: str) -> set[str]:
        return {one["name"] for one in client_of_role(role).items("listAccounts", listall="true")}

    assert {"owner", "neighbour", "stranger"} <= seen("root")
    assert seen("domain_admin") > {"owner", "neighbour"} and "stranger" not in seen("domain_admin")
    assert (seen("user"), seen("neighbour"), seen("stranger")) == ({"owner"}, {"neighbour"}, {"stranger"})
    with pytest.raises(ApiError) as refused:
        client_of_role("anonymous").call("listAccounts")
    assert refused.value.code == 401
    assert caller_of_role("root").is_root_admin and caller_of_role("user").account_name == "owner"
    assert caller_of_role("anonymous") is None
    assert browser_of_role("root").get("/admin/").status_code == 200
    assert browser_of_role("anonymous").get("/admin/").status_code == 302
    with pytest.raises(ValueError, match="role 'king' must be one of root, domain_admin, user"):
        client_of_role("king")


def test_a_driver_that_does_not_answer_is_asked_again(small_cloud: SmallCloud, faults: Faults) -> None:
    faults.raise_in("hypervisor.start", DriverUnavailable("no route to host"), times=2)
    assert small_cloud.machine()["state"] == "Running"
    assert faults.calls.count("hypervisor.start") == 3


def test_a_driver_that_refuses_ends_the_job_and_leaves_nothing(small_cloud: SmallCloud, faults: Faults) -> None:
    faults.raise_in("storage.create_volume", DriverError("the array says no"), times=None)
    answer = small_cloud.tenants.run(small_cloud.deploy())
    assert answer["jobstatus"] == 2 and "the array says no" in answer["jobresult"]["errortext"]
    assert not any(small_cloud.world.machines.values())


def test_a_slow_driver_takes_its_time(small_cloud: SmallCloud, faults: Faults) -> None:
    slept: list[float] = []
    faults.delay("network.prepare_nic", 0.01, times=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloudstack.testing.faults.time.sleep", slept.append)
        small_cloud.machine()
    assert slept == [0.01]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_another_worker_takes_up_what_a_killed_one_left(small_cloud: SmallCloud, faults: Faults, moment: str) -> None:
    faults.crash_at("StartGuest", moment)
    machine = small_cloud.machine()
    assert machine["state"] == "Running"
    assert len(small_cloud.world.running_on(machine["id"])) == 1


def test_an_undo_that_is_cut_short_is_done_by_the_next(small_cloud: SmallCloud, faults: Faults) -> None:
    faults.raise_in("hypervisor.start", DriverError("no"), times=None)
    faults.crash_at("PrepareNetworks", "after undo")
    assert small_cloud.tenants.run(small_cloud.deploy())["jobstatus"] == 2
    assert not any(small_cloud.world.guests.values())


def test_faults_that_cannot_be_are_refused(db: None) -> None:
    with stage.stage():
        faults = Faults()
        for refused, words in (
            (
                lambda: faults.raise_in("hypervisor.strat", OSError()),
                "no driver has 'hypervisor.strat'; hypervisor has",
            ),
            (lambda: faults.raise_in("driver.start", OSError()), "kinds are hypervisor, storage"),
            (lambda: faults.crash_at("Strat"), "no workflow has a step 'Strat'; there are"),
            (lambda: faults.crash_at("StartGuest", "during"), "must be one of before, after"),
        ):
            with pytest.raises(ValueError, match=words):
                refused()
        faults.delay("agent.bridge.ensure", 1)
        assert faults.unused() == ["agent.bridge.ensure"]
