"""Factories of pools, image stores, templates, offerings and volumes: for tests and for the demo alike."""

import uuid
from typing import Any

import factory
from factory.django import DjangoModelFactory

from apps.accounts.factories import AccountFactory
from apps.infrastructure.factories import ClusterFactory, ZoneFactory
from apps.infrastructure.models import Host
from apps.storage.models import (
    DiskOffering,
    GuestOs,
    GuestOsCategory,
    ImageStore,
    PoolHost,
    StoragePool,
    Template,
    TemplateStoreRef,
    TemplateZone,
    Volume,
)
from apps.storage.states import PoolScope, PoolState, PoolType, StoreState, TemplateState, VolumeType

GIB = 1 << 30


class GuestOsCategoryFactory(DjangoModelFactory):
    class Meta:
        model = GuestOsCategory

    name = factory.Sequence(lambda n: f"family-{n}")


class GuestOsFactory(DjangoModelFactory):
    class Meta:
        model = GuestOs

    category = factory.SubFactory(GuestOsCategoryFactory)
    description = factory.Sequence(lambda n: f"System {n} (64-bit)")


class ImageStoreFactory(DjangoModelFactory):
    """A simulated store of one zone."""

    class Meta:
        model = ImageStore

    name = factory.Sequence(lambda n: f"images-{n}")
    zone = factory.SubFactory(ZoneFactory)
    provider = "Simulator"
    protocol = "sim"
    url = factory.Sequence(lambda n: f"sim://images-{n}")


class StoragePoolFactory(DjangoModelFactory):
    """A simulated pool of one cluster that is Up and that all hosts of the cluster see; 1 TiB."""

    class Meta:
        model = StoragePool
        skip_postgeneration_save = True

    cluster = factory.SubFactory(ClusterFactory)
    pod = factory.SelfAttribute("cluster.pod")
    zone = factory.SelfAttribute("cluster.pod.zone")
    name = factory.Sequence(lambda n: f"pool-{n}")
    hypervisor = factory.SelfAttribute("cluster.hypervisor")
    type = PoolType.SIMULATOR
    scope = PoolScope.CLUSTER
    path = factory.Sequence(lambda n: f"/simulated/pool-{n}")
    state = PoolState.UP
    capacity_bytes = 1024 * GIB

    @factory.post_generation
    def connected(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Hosts that see the pool: those of the cluster, or the ones given."""
        if create:
            hosts = extracted if extracted is not None else Host.objects.filter(cluster=self.cluster)
            PoolHost.objects.bulk_create(PoolHost(pool=self, host=host, path=self.path) for host in hosts)


class DiskOfferingFactory(DjangoModelFactory):
    """5 GiB on shared storage."""

    class Meta:
        model = DiskOffering

    class Params:
        custom = factory.Trait(size_gib=0, is_custom=True)

    name = factory.Sequence(lambda n: f"disk-{n}")
    display_text = factory.SelfAttribute("name")
    size_gib = 5


class TemplateFactory(DjangoModelFactory):
    """An Active template of 2 GiB for the simulator, in all zones; ``stores`` are the image stores that hold it."""

    class Meta:
        model = Template
        skip_postgeneration_save = True

    account = factory.SubFactory(AccountFactory)
    domain = factory.SelfAttribute("account.domain")
    name = factory.Sequence(lambda n: f"template-{n}")
    display_text = factory.SelfAttribute("name")
    hypervisor = "Simulator"
    format = "QCOW2"
    url = factory.Sequence(lambda n: f"https://images.example.org/{n}.qcow2")
    state = TemplateState.ACTIVE
    is_cross_zone = True
    virtual_size_bytes = 2 * GIB
    physical_size_bytes = 256 << 20
    sha256 = factory.LazyFunction(lambda: uuid.uuid4().hex * 2)

    @factory.post_generation
    def stores(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create:
            TemplateStoreRef.objects.bulk_create(
                TemplateStoreRef(template=self, store=store, state=StoreState.READY, percent=100)
                for store in extracted or ()
            )

    @factory.post_generation
    def zones(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted:
            TemplateZone.objects.bulk_create(TemplateZone(template=self, zone=zone) for zone in extracted)


class VolumeFactory(DjangoModelFactory):
    """A data disk of 5 GiB that is not made yet; it counts against no limit."""

    class Meta:
        model = Volume

    account = factory.SubFactory(AccountFactory)
    domain = factory.SelfAttribute("account.domain")
    name = factory.Sequence(lambda n: f"volume-{n}")
    type = VolumeType.DATADISK
    size_bytes = 5 * GIB
    zone = factory.SubFactory(ZoneFactory)
    disk_offering = factory.SubFactory(DiskOfferingFactory)
