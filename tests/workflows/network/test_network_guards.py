"""Zones and hosts that networks need are not deleted."""

import pytest

from apps.infrastructure.models import Host
from apps.infrastructure.services.guards import refuse_when_used
from apps.infrastructure.states import HostStatus, ResourceState
from apps.network.factories import NetworkFactory
from apps.network.services import collector
from apps.network.workflows.steps import implement_network
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import AsyncJob, JobContext
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def host(cloud, machines) -> Host:
    """It carries a network's services."""
    network = NetworkFactory(physical_network=cloud.physical_network)
    ctx = JobContext(AsyncJob.objects.create(name="compute.vm.start", status=AsyncJob.Status.RUNNING))
    implement_network(ctx, network, cloud.hosts[0])
    return cloud.hosts[0]


def test_a_zone_with_networks_stays(cloud, host) -> None:
    with pytest.raises(ResourceInUse, match="1 guest networks are in it; 1 physical networks"):
        refuse_when_used(cloud.zone)


def test_a_host_gives_its_services_up_before_it_goes(cloud, host) -> None:
    with pytest.raises(ResourceInUse, match="services of 1 networks"):
        refuse_when_used(host)
    Host.objects.filter(pk=host.pk).update(resource_state=ResourceState.MAINTENANCE)
    assert collector.heal() == 1
    run_jobs()
    refuse_when_used(Host.objects.get(pk=host.pk))


def test_a_lost_host_may_go(cloud, host) -> None:
    Host.objects.filter(pk=host.pk).update(status=HostStatus.DOWN)
    refuse_when_used(Host.objects.get(pk=host.pk))


def test_the_last_host_may_go(cloud, host) -> None:
    Host.objects.exclude(pk=host.pk).update(status=HostStatus.DOWN)
    refuse_when_used(host)
