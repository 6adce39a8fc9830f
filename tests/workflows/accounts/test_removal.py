"""Deleting accounts and domains: all that they own goes, whatever happens on the way, and nothing else does."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.accounts.models import Account, Domain, ResourceCount, ResourceType, User
from apps.accounts.services.accounts import owners_of
from apps.accounts.services.cleanup import try_deletions_again
from apps.accounts.services.removal import contents
from apps.accounts.states import AccountState, DomainState
from apps.accounts.workflows import removal
from apps.compute.models import AffinityGroup, InstanceGroup, SshKeyPair, VirtualMachine
from apps.infrastructure.models import Zone
from apps.network.factories import NetworkFactory
from apps.network.models import Network, NetworkOffering, PublicIpAddress, VlanIpRange
from apps.storage.factories import TemplateFactory
from apps.storage.models import Template, Volume
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob, engine
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_job, run_jobs, worker_died
from plugins.hypervisors.simulator import world
from tests.support.cloud import SimulatedCloud, check_invariants, client_of
from tests.support.crashes import Crash, CrashPoints, rolled_back

OWNED = (VirtualMachine, Volume, Network, Template, SshKeyPair, InstanceGroup, AffinityGroup)


def settle(answer: dict[str, Any]) -> AsyncJob:
    job = run_job(AsyncJob.objects.get(uuid=answer["jobid"]))
    assert job.status == AsyncJob.Status.SUCCEEDED, job.error_text
    return job


def furnish(cloud: SimulatedCloud, account: Account, *, machines: int = 1) -> ApiClient:
    """Machines in an own network, disks in and out of them, a template and a key."""
    api = client_of(account)
    offering = NetworkOffering.objects.get(name="DefaultIsolatedNetworkOffering")
    network = api.call("createNetwork", name="own", zoneid=cloud.zone.uuid, networkofferingid=offering.uuid)["network"]
    for number in range(machines):
        answer = cloud.deploy(api, networkids=network["id"], name=f"web-{number}")
        settle(answer)
    disk = {"zoneid": cloud.zone.uuid, "diskofferingid": cloud.disk_offering.uuid}
    volume = api.call("createVolume", name="data", **disk)
    settle(volume)
    settle(api.call("attachVolume", id=volume["id"], virtualmachineid=answer["id"]))
    settle(api.call("createVolume", name="spare", **disk))
    api.call("createSSHKeyPair", name="key")
    api.call("createInstanceGroup", name="group")
    settle(api.call("createAffinityGroup", name="apart", type="host anti-affinity"))
    TemplateFactory(account=account, domain=account.domain, name="image")
    ResourceCount.objects.filter(account=account, type=ResourceType.TEMPLATE).update(count=1)
    return api


def left_of(account: Account) -> list[Any]:
    return [row for model in OWNED for row in model.objects.filter(account=account)]


def test_everything_that_an_account_owns_goes_with_it(cloud: SimulatedCloud) -> None:
    emea = DomainFactory(name="emea")
    account = AccountFactory(name="seller", domain=emea)
    api = furnish(cloud, account, machines=2)
    destroyed = cloud.deploy(api, name="old")
    settle(destroyed)
    settle(api.call("destroyVirtualMachine", id=destroyed["id"]))
    neighbour = cloud.deploy()
    settle(neighbour)
    shown = list(contents(owners_of(account)))
    assert shown[0] == "3 virtual machines (web-0, web-1, old)"
    assert {line.split(" (")[0] for line in shown[1:]} >= {"1 network", "1 template", "1 SSH key pair"}

    job = settle(cloud.admin.call("deleteAccount", id=account.uuid))

    assert left_of(account) == []
    assert not Account.objects.filter(pk=account.pk).exists()
    assert not User.objects.filter(account=account).exists()
    assert not ResourceCount.objects.filter(account=account).exists()
    assert set(ResourceCount.objects.filter(domain=emea).values_list("count", flat=True)) == {0}
    assert [str(machine.vm_uuid) for machine in world.machines()] == [neighbour["id"]]
    assert world.volumes().count() == Volume.objects.count() == 1
    check_invariants()
    assert [step.state for step in job.steps.all()] == ["done"] * 7
    with pytest.raises(ApiError) as stranger:
        api.call("listVirtualMachines")
    assert stranger.value.code == 401
    # What happened stays on record for the operator.
    mine = cloud.admin.items("listEvents", type="ACCOUNT.DELETE", listall=True)
    assert {event["state"] for event in mine} == {"Scheduled", "Started", "Completed"}
    assert Event.objects.filter(type="VM.DESTROY", account_uuid=account.uuid).exists()


def test_a_domain_goes_with_the_accounts_and_domains_below(cloud: SimulatedCloud) -> None:
    sales = DomainFactory(name="sales")
    emea = DomainFactory(name="emea", parent=sales)
    first, second = AccountFactory(name="first", domain=sales), AccountFactory(name="second", domain=emea)
    furnish(cloud, first)
    furnish(cloud, second)
    # One that the operator made for the whole domain.
    shared = NetworkFactory(shared=True, physical_network=cloud.network.physical_network, access_domain=emea)
    with pytest.raises(ApiError) as refused:
        cloud.admin.call("deleteDomain", id=sales.uuid)
    assert refused.value.code == 536

    Zone.objects.update(domain=emea)
    with pytest.raises(ApiError) as private:
        cloud.admin.call("deleteDomain", id=sales.uuid, cleanup=True)
    assert "is kept for it" in private.value.text
    Zone.objects.update(domain=None)
    physical = cloud.network.physical_network
    kept = VlanIpRange.objects.create(
        physical_network=physical, start_number=1, end_number=2, dedicated_account=second, dedicated_domain=emea
    )
    held = PublicIpAddress.objects.create(
        ip_range=kept, zone=cloud.zone, number=1, address="198.51.100.1", state="Reserved", account=second, domain=emea
    )

    settle(cloud.admin.call("deleteDomain", id=sales.uuid, cleanup=True))

    kept.refresh_from_db()
    held.refresh_from_db()
    assert (kept.dedicated_account, kept.dedicated_domain, kept.removed) == (None, None, None)
    assert held.removed is not None and PublicIpAddress.objects.get(number=1).state == "Free"
    assert left_of(first) + left_of(second) == []
    assert not Network.objects.filter(pk=shared.pk).exists()
    assert not Domain.objects.filter(path__startswith="/sales/").exists()
    assert not Account.objects.filter(name__in=("first", "second")).exists()
    assert not world.machines().exists() and not world.volumes().exists()
    check_invariants()


def test_what_is_protected_or_used_by_others_is_named_before_anything_happens(cloud: SimulatedCloud) -> None:
    account = AccountFactory(name="seller")
    api = furnish(cloud, account)
    machine = VirtualMachine.objects.get(account=account)
    api.call("updateVirtualMachine", id=machine.uuid, deleteprotection=True)
    Volume.objects.filter(name="spare").update(delete_protection=True)
    with pytest.raises(ApiError) as refused:
        cloud.admin.call("deleteAccount", id=account.uuid)
    assert (refused.value.code, "machines web-0" in refused.value.text) == (536, True)
    assert "volumes spare" in refused.value.text
    assert Account.objects.get(pk=account.pk).state == AccountState.ENABLED
    api.call("updateVirtualMachine", id=machine.uuid, deleteprotection=False)
    Volume.objects.filter(name="spare").update(delete_protection=False)
    # Somebody else's machine in the account's network.
    VirtualMachine.objects.filter(pk=machine.pk).update(account=cloud.account)
    with pytest.raises(ApiError) as used:
        cloud.admin.call("deleteAccount", id=account.uuid)
    assert "machines of other accounts are in its networks own" in used.value.text
    assert not AsyncJob.objects.filter(name="accounts.account.delete").exists()


def test_what_cannot_go_is_named_and_the_deletion_tried_again(cloud: SimulatedCloud) -> None:
    account = AccountFactory(name="seller")
    furnish(cloud, account)
    fault = world.inject("delete_volume", "fault:the disk is held", count=None)
    job = AsyncJob.objects.get(uuid=cloud.admin.call("deleteAccount", id=account.uuid)["jobid"])
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.FAILED
    assert "virtual machine web-0: " in job.error_text and "the disk is held" in job.error_text
    [shown] = cloud.admin.items("listAccounts", id=account.uuid)
    assert (shown["state"], shown["iscleanuprequired"]) == ("disabled", True)
    assert [a["name"] for a in cloud.admin.items("listAccounts", listall=True, iscleanuprequired=True)] == ["seller"]
    assert try_deletions_again() == 0  # its time has not come

    fault.delete()
    AsyncJob.objects.filter(pk=job.pk).update(completed=timezone.now() - timedelta(days=2))
    assert try_deletions_again() == 1
    assert try_deletions_again() == 0
    run_jobs()
    assert not Account.objects.filter(pk=account.pk).exists()
    assert left_of(account) == []
    check_invariants()


def test_an_account_that_is_enabled_again_is_not_deleted_behind_its_back(cloud: SimulatedCloud) -> None:
    account = AccountFactory(name="seller")
    furnish(cloud, account)
    world.inject("delete_volume", "fault:the disk is held", count=None)
    answer = cloud.admin.call("deleteAccount", id=account.uuid)
    with pytest.raises(ApiError) as going:
        cloud.admin.call("enableAccount", id=account.uuid)
    assert going.value.code == 536
    run_jobs()
    shown = cloud.admin.call("enableAccount", id=account.uuid)["account"]
    assert (shown["state"], shown["iscleanuprequired"]) == ("enabled", False)
    AsyncJob.objects.filter(uuid=answer["jobid"]).update(completed=timezone.now() - timedelta(days=2))
    assert try_deletions_again() == 0


def test_a_deletion_that_is_called_off_leaves_the_rest_and_the_account_open(cloud: SimulatedCloud) -> None:
    account = AccountFactory(name="seller")
    furnish(cloud, account)
    job = AsyncJob.objects.get(uuid=cloud.admin.call("deleteAccount", id=account.uuid)["jobid"])
    engine.run(job.pk)  # starts the machine's end and waits
    assert AsyncJob.objects.filter(name="compute.vm.destroy_expunge").count() == 1
    AsyncJob.objects.filter(pk=job.pk).update(cancel_requested=True)
    run_jobs()
    job.refresh_from_db()
    account.refresh_from_db()
    assert job.status == AsyncJob.Status.CANCELLED
    assert (account.state, account.cleanup_needed, account.removed) == (AccountState.ENABLED, False, None)
    assert Network.objects.filter(account=account).exists()
    check_invariants()


def test_a_domain_that_could_not_be_emptied_is_open_again(cloud: SimulatedCloud) -> None:
    sales = DomainFactory(name="sales")
    emea = DomainFactory(name="emea", parent=sales)
    seller, locked = AccountFactory(name="seller", domain=sales), AccountFactory(name="locked", domain=emea)
    Account.objects.filter(pk=locked.pk).update(state=AccountState.LOCKED)
    furnish(cloud, seller)
    world.inject("delete_volume", "fault:the disk is held", count=None)
    answer = cloud.admin.call("deleteDomain", id=sales.uuid, cleanup=True)
    assert set(Domain.objects.filter(path__startswith="/sales/").values_list("state", flat=True)) == {"Inactive"}
    run_jobs()
    assert AsyncJob.objects.get(uuid=answer["jobid"]).status == AsyncJob.Status.FAILED
    states = Domain.objects.filter(path__startswith="/sales/").values_list("state", flat=True)
    assert set(states) == {DomainState.ACTIVE}
    seller.refresh_from_db()
    locked.refresh_from_db()
    assert (seller.state, locked.state) == (AccountState.ENABLED, AccountState.LOCKED)


def test_what_arrives_while_the_account_closes_goes_too(cloud: SimulatedCloud, monkeypatch) -> None:
    account = AccountFactory(name="seller")
    job = AsyncJob.objects.get(uuid=cloud.admin.call("deleteAccount", id=account.uuid)["jobid"])
    original = removal.look

    def look(ctx: Any, step: str, *stages: Any) -> Any:
        report = original(ctx, step, *stages)
        if step == "CloseAccount" and not SshKeyPair.all_objects.exists():
            SshKeyPair.objects.create(account=account, domain=account.domain, name="late", public_key="ssh-rsa A")
        return report

    monkeypatch.setattr(removal, "look", look)
    run_jobs()
    job.refresh_from_db()
    assert job.status == AsyncJob.Status.SUCCEEDED
    assert SshKeyPair.all_objects.count() == 1 and left_of(account) == []


@pytest.mark.slow
def test_a_worker_that_dies_anywhere_leaves_no_remains(cloud: SimulatedCloud, monkeypatch) -> None:
    """Every transition of the deletion's own job, and both sides of each start of another job."""
    points: list[str] = []
    every = os.environ.get("CRASH_POINTS") == "all"
    at, step = (1, 1) if every else (5 if connection.vendor == "postgresql" else 1, 8)
    account = AccountFactory(name="seller")
    furnish(cloud, account)
    answer = cloud.admin.call("deleteAccount", id=account.uuid)
    while not points:
        died = CrashPoints(at)
        with rolled_back():
            with monkeypatch.context() as patched:
                for name in ("_enter", "_store", "_succeed", "_park"):
                    patched.setattr(engine.JobRunner, name, _dying(died, name, getattr(engine.JobRunner, name)))
                patched.setattr(removal, "_remove", died.around("removing a row", removal._remove))
                try:
                    run_jobs()
                except Crash:
                    pass
            worker_died()
            run_jobs()
            job = AsyncJob.objects.get(uuid=answer["jobid"])
            where = died.passed[at - 1] if len(died.passed) >= at else "the end"
            assert job.status == AsyncJob.Status.SUCCEEDED, f"{where}: {job.error_text}"
            assert left_of(account) == [], where
            assert not world.machines().exists() and not world.volumes().exists(), where
            check_invariants()
            started = AsyncJob.objects.filter(arguments__removal=str(job.uuid)).values_list("resource_uuid", flat=True)
            assert len(started) == len(set(started)), f"{where}: work was started twice"
        if len(died.passed) < at:
            points = died.passed
        at += step
    assert len(points) > 25
    assert "before removing a row" in points


def _dying(points: CrashPoints, name: str, original: Any) -> Any:
    def call(self: engine.JobRunner, *args: Any, **kwargs: Any) -> Any:
        if self.job.name != "accounts.account.delete":
            return original(self, *args, **kwargs)
        points.reach(f"before {name}")
        result = original(self, *args, **kwargs)
        points.reach(f"after {name}")
        return result

    return call
