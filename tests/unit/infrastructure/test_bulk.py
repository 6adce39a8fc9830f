"""A thousand hosts are built in a handful of statements, and placed among in one."""

from uuid import uuid4

import pytest

from apps.infrastructure.factories import simulated_zone
from apps.infrastructure.models import Host, HostCapacity
from apps.infrastructure.services.placement import LOOKED_AT_FIRST, place
from cloudstack.contracts.placement import PlacementRequest

pytestmark = pytest.mark.django_db


def test_the_simulator_zone_of_the_first_start(django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(12):
        built = simulated_zone()
    assert (len(built.pods), len(built.clusters), len(built.hosts)) == (2, 4, 40)
    assert {host.cluster.pod_id for host in built.hosts} == {pod.pk for pod in built.pods}
    assert all(host.pod_id == host.cluster.pod_id and host.zone_id == built.zone.pk for host in built.hosts)
    assert HostCapacity.objects.count() == 40


def test_building_it_again_gives_the_same() -> None:
    first, second = simulated_zone(), simulated_zone()
    assert first.zone == second.zone and first.hosts == second.hosts
    assert Host.objects.count() == 40


def test_placement_looks_at_a_thousand_hosts_with_one_statement(django_assert_num_queries) -> None:
    built = simulated_zone("large", pods=5, clusters=50, hosts=1000)
    request = PlacementRequest(
        vm_uuid=str(uuid4()),
        hypervisor="Simulator",
        zone_uuid=str(built.zone.uuid),
        cpus=2,
        cpu_mhz=1000,
        memory_mib=2048,
    )
    place(request)
    with django_assert_num_queries(1):
        assert len(place(request).ranked) == LOOKED_AT_FIRST
