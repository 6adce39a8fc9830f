"""A zone of two simulated hosts with one pool and one image store, and ways to let workers die."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from apps.accounts.factories import AccountFactory, UserFactory, caller_for, root_caller
from apps.accounts.models import Account, ResourceCount, ResourceType
from apps.infrastructure.factories import ClusterFactory, HostFactory
from apps.infrastructure.models import Host, Zone
from apps.storage.factories import ImageStoreFactory, StoragePoolFactory
from apps.storage.models import ImageStore, PoolReservation, StoragePool, Template, TemplatePoolRef, Volume
from apps.storage.states import (
    CACHE_TRANSITIONAL,
    POOL_TRANSITIONAL,
    TEMPLATE_TRANSITIONAL,
    VOLUME_TRANSITIONAL,
)
from cloudstack.framework.configuration import store as settings_store
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs, worker_died
from plugins.hypervisors.simulator.faults import SimulatedCrash
from plugins.hypervisors.simulator.models import Fault, SimulatedVolume


@dataclass
class Cloud:
    """What the tests of this folder act in."""

    zone: Zone
    hosts: list[Host]
    pool: StoragePool
    store: ImageStore
    root: Caller
    owner: Account
    user: Caller

    def count(self, kind: ResourceType) -> int:
        row = ResourceCount.objects.filter(account=self.owner, type=kind).first()
        return row.count if row else 0

    def on_storage(self) -> set[str]:
        """UUIDs of the volumes and templates that really lie on pools."""
        return {str(uuid) for uuid in SimulatedVolume.objects.values_list("volume_uuid", flat=True)}

    def assert_settled(self) -> None:
        """No live job, nothing in a transitional state, and every counter agrees with what it counts."""
        assert not AsyncJob.objects.filter(status__in=AsyncJob.LIVE).exists()
        assert not Volume.objects.filter(state__in=VOLUME_TRANSITIONAL).exists()
        assert not Template.objects.filter(state__in=TEMPLATE_TRANSITIONAL).exists()
        assert not TemplatePoolRef.objects.filter(state__in=CACHE_TRANSITIONAL).exists()
        assert not StoragePool.objects.filter(state__in=POOL_TRANSITIONAL).exists()
        for pool in StoragePool.all_objects.all():
            promised = PoolReservation.objects.filter(pool=pool).values_list("size_bytes", flat=True)
            assert pool.allocated_bytes == sum(promised)
        alive = Volume.objects.filter(account=self.owner).exclude(state="Destroy")
        assert self.count(ResourceType.VOLUME) == alive.count()
        assert self.count(ResourceType.PRIMARY_STORAGE) == sum(volume.size_bytes for volume in alive)


@pytest.fixture(autouse=True)
def crashes_end_the_run_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CLOUDSTACK_SIMULATOR_CRASH", "raise")
    settings_store.forget()
    yield
    settings_store.forget()


@pytest.fixture(autouse=True)
def own_data_folder(settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def cloud(db: None) -> Cloud:
    cluster = ClusterFactory()
    hosts = [HostFactory(cluster=cluster) for _ in range(2)]
    zone = cluster.pod.zone
    owner = AccountFactory()
    return Cloud(
        zone=zone,
        hosts=hosts,
        pool=StoragePoolFactory(cluster=cluster),
        store=ImageStoreFactory(zone=zone),
        root=root_caller(),
        owner=owner,
        user=caller_for(UserFactory(account=owner)),
    )


@pytest.fixture
def carry_out() -> Callable[[AsyncJob, str, str], AsyncJob]:
    """Run a job with one fault at a driver's verb; after a crash another worker takes over."""

    def run(job: AsyncJob, command: str, value: str) -> AsyncJob:
        fault = Fault.objects.create(command=command, value=value, remaining=1)
        try:
            run_jobs()
        except SimulatedCrash:
            worker_died()
            run_jobs()
        fault.refresh_from_db()
        assert fault.used == 1, "the fault never happened, so this proves nothing"
        job.refresh_from_db()
        return job

    return run
