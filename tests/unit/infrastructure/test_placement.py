"""Placement: refusals that explain themselves, preferences, plugins, and its speed over a thousand hosts."""

from dataclasses import replace
from uuid import uuid4

import pytest

from apps.infrastructure.factories import BuiltZone, simulated_zone
from apps.infrastructure.models import Cluster, Host, HostCapacity, Pod, Zone
from apps.infrastructure.services import placement
from apps.infrastructure.services.placement import NoHostFits, place
from cloudstack.contracts.placement import Placement, PlacementRequest
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.configuration.store import forget
from cloudstack.framework.errors import InsufficientCapacity
from cloudstack.framework.plugins.manager import pm
from cloudstack.plugin import hookimpl

pytestmark = pytest.mark.django_db


@pytest.fixture
def built() -> BuiltZone:
    ConfigValue.objects.create(name="vm.allocation.algorithm", scope="global", value="spread")
    forget()
    yield simulated_zone("z", pods=2, clusters=2, hosts=4, cpus=4, cpu_mhz=2000, memory_mib=2048)
    forget()


@pytest.fixture
def request_(built: BuiltZone) -> PlacementRequest:
    return PlacementRequest(
        vm_uuid=str(uuid4()),
        hypervisor="Simulator",
        zone_uuid=str(built.zone.uuid),
        cpus=1,
        cpu_mhz=500,
        memory_mib=1024,
    )


def names(result: Placement) -> list[str]:
    return [host.name for host in result.ranked]


def reasons(result: Placement) -> dict[str, str]:
    return {refusal.host_name: refusal.reason for refusal in result.refusals}


def take(host: Host, **used: int) -> None:
    HostCapacity.objects.filter(pk=host.pk).update(**used)


def test_all_hosts_fit_an_empty_zone(built: BuiltZone, request_: PlacementRequest) -> None:
    assert sorted(names(place(request_))) == [f"z-host-{n}" for n in (1, 2, 3, 4)]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone of four hosts is a large one."""
    monkeypatch.setattr(placement, "LOOKED_AT_FIRST", 2)


@pytest.mark.usefixtures("few")
def test_of_a_large_zone_the_emptiest_hosts_in_service_are_looked_at(
    built: BuiltZone, request_: PlacementRequest, django_assert_num_queries
) -> None:
    take(built.hosts[0], memory_used_mib=1024)
    take(built.hosts[2], memory_used_mib=512)
    Host.objects.filter(pk=built.hosts[1].pk).update(status="Down")
    place(request_)
    with django_assert_num_queries(1):
        assert names(place(replace(request_, memory_mib=256))) == ["z-host-4", "z-host-3"]
    # Where it ran before is looked at however full it is.
    again = replace(request_, memory_mib=256, last_host_uuid=str(built.hosts[0].uuid))
    assert names(place(again)) == ["z-host-1", "z-host-4"]


@pytest.mark.usefixtures("few")
def test_all_hosts_of_a_large_zone_are_looked_at_before_a_machine_is_refused(
    built: BuiltZone, request_: PlacementRequest
) -> None:
    for host in built.hosts[:2]:
        take(host, cpu_used_mhz=8000)
    for host in built.hosts[2:]:
        take(host, memory_used_mib=1024)
    assert sorted(names(place(request_))) == ["z-host-3", "z-host-4"]
    with pytest.raises(NoHostFits) as refused:
        place(replace(request_, memory_mib=2000))
    assert len(refused.value.refusals) == 4


@pytest.mark.usefixtures("few")
def test_a_plugin_that_prefers_sees_all_hosts_of_a_large_zone(built: BuiltZone, request_: PlacementRequest) -> None:
    class Plugin:
        @hookimpl
        def choose_host(self, request, candidates):
            return min(candidates, key=lambda host: host.memory_limit_mib - host.memory_used_mib).uuid

    take(built.hosts[1], memory_used_mib=700)
    pm.register(Plugin(), "miser")
    try:
        assert names(place(request_))[0] == "z-host-2" and len(names(place(request_))) == 4
    finally:
        pm.unregister(name="miser")


def test_candidates_are_one_statement(built: BuiltZone, request_: PlacementRequest, django_assert_num_queries) -> None:
    place(request_)  # settings are read once in five seconds
    with django_assert_num_queries(1):
        place(request_)


def test_full_host_says_what_it_has_and_what_is_needed(built: BuiltZone, request_: PlacementRequest) -> None:
    take(built.hosts[2], memory_used_mib=1536)
    take(built.hosts[3], cpu_used_mhz=7600)
    assert reasons(place(request_)) == {
        "z-host-3": "512 MiB free, 1024 needed",
        "z-host-4": "400 MHz free, 500 needed",
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "Alert"}, "not connected (Alert)"),
        ({"status": "Connecting"}, "not connected (Connecting)"),
        ({"resource_state": "Disabled"}, "disabled"),
        ({"resource_state": "Maintenance"}, "in maintenance (Maintenance)"),
        ({"resource_state": "PrepareForMaintenance"}, "in maintenance (PrepareForMaintenance)"),
        ({"cpus": 0}, "0 CPUs, 1 needed"),
        ({"cpu_mhz": 400}, "400 MHz a CPU, 500 needed"),
    ],
)
def test_host_that_cannot_serve_says_why(
    built: BuiltZone, request_: PlacementRequest, change: dict, reason: str
) -> None:
    Host.objects.filter(pk=built.hosts[0].pk).update(**change)
    result = place(request_)
    assert reasons(result) == {"z-host-1": reason}
    assert "z-host-1" not in names(result)


def test_disabled_cluster_and_pod_and_zone_take_nothing(built: BuiltZone, request_: PlacementRequest) -> None:
    Cluster.objects.filter(pk=built.clusters[0].pk).update(allocation_state="Disabled")
    assert sorted(names(place(request_))) == ["z-host-2", "z-host-4"]
    Cluster.objects.filter(pk=built.clusters[0].pk).update(allocation_state="Enabled", managed_state="Unmanaged")
    assert sorted(names(place(request_))) == ["z-host-2", "z-host-4"]
    Pod.objects.filter(pk=built.pods[1].pk).update(allocation_state="Disabled")
    with pytest.raises(NoHostFits, match="its cluster or pod is disabled"):
        place(request_)
    Pod.objects.update(allocation_state="Enabled")
    Cluster.objects.update(managed_state="Managed")
    Zone.objects.update(allocation_state="Disabled")
    with pytest.raises(NoHostFits):
        place(request_)


def test_removed_hosts_are_not_looked_at(built: BuiltZone, request_: PlacementRequest) -> None:
    built.hosts[0].mark_removed()
    result = place(request_)
    assert len(result.ranked) == 3 and not result.refusals


def test_tags_must_all_be_there(built: BuiltZone, request_: PlacementRequest) -> None:
    Host.objects.filter(pk=built.hosts[0].pk).update(tags="gpu,ssd")
    Host.objects.filter(pk=built.hosts[1].pk).update(tags="ssd")
    result = place(replace(request_, host_tags=("ssd", "gpu")))
    assert names(result) == ["z-host-1"]
    assert reasons(result)["z-host-2"] == "lacks the tag gpu"
    assert reasons(result)["z-host-3"] == "lacks the tag ssd, gpu"


def test_only_the_host_the_cluster_the_pod_asked_for(built: BuiltZone, request_: PlacementRequest) -> None:
    host = built.hosts[1]
    assert names(place(replace(request_, host_uuid=str(host.uuid)))) == ["z-host-2"]
    in_cluster = place(replace(request_, cluster_uuid=str(built.clusters[0].uuid)))
    assert sorted(names(in_cluster)) == ["z-host-1", "z-host-3"]
    assert sorted(names(place(replace(request_, pod_uuid=str(built.pods[1].uuid))))) == ["z-host-2", "z-host-4"]


def test_hosts_to_avoid_are_avoided(built: BuiltZone, request_: PlacementRequest) -> None:
    avoid = frozenset(str(host.uuid) for host in built.hosts[:3])
    result = place(replace(request_, avoid_hosts=avoid))
    assert names(result) == ["z-host-4"]
    assert set(reasons(result).values()) == {"to be avoided"}


def test_the_emptiest_host_comes_first_and_the_last_host_before_it(
    built: BuiltZone, request_: PlacementRequest
) -> None:
    for number, host in enumerate(built.hosts):
        take(host, memory_used_mib=(100, 300, 0, 200)[number])
    assert names(place(request_)) == ["z-host-3", "z-host-1", "z-host-4", "z-host-2"]
    assert names(place(replace(request_, last_host_uuid=str(built.hosts[1].uuid))))[0] == "z-host-2"


def test_random_order_only_when_it_is_asked_for(built: BuiltZone, request_: PlacementRequest) -> None:
    assert len({tuple(names(place(request_))) for _ in range(20)}) == 1
    ConfigValue.objects.filter(name="vm.allocation.algorithm").update(value="random")
    forget()
    assert len({tuple(names(place(request_))) for _ in range(30)}) > 1


def test_hosts_must_reach_the_pools_of_the_machine(
    built: BuiltZone, request_: PlacementRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {built.hosts[0].pk: frozenset({"p1", "p2"}), built.hosts[1].pk: frozenset({"p1"})}
    monkeypatch.setattr(placement, "_pool_source", None)
    placement.register_candidate_source(lambda pks: {pk: seen.get(pk, frozenset()) for pk in pks})
    result = place(replace(request_, pool_uuids=("p1", "p2")))
    assert names(result) == ["z-host-1"]
    assert reasons(result)["z-host-2"] == "cannot reach the machine's storage (p2)"
    assert len(place(request_).ranked) == 4


def test_nobody_fits_lists_grouped_reasons(built: BuiltZone, request_: PlacementRequest) -> None:
    Host.objects.filter(pk__in=[host.pk for host in built.hosts[:3]]).update(resource_state="Disabled")
    take(built.hosts[3], memory_used_mib=2000)
    with pytest.raises(InsufficientCapacity) as caught:
        place(request_)
    assert caught.value.code == 533
    text = caught.value.message
    assert "z-host-1, z-host-2, z-host-3: disabled" in text
    assert "z-host-4: 48 MiB free, 1024 needed" in text
    assert "z-host" not in caught.value.summary
    assert len(caught.value.refusals) == 4


def test_the_list_of_reasons_is_bounded(request_: PlacementRequest) -> None:
    big = simulated_zone("big", hosts=300, memory_mib=4096)
    for number, host in enumerate(big.hosts):
        take(host, memory_used_mib=4000 + number % 90)
    with pytest.raises(NoHostFits) as caught:
        place(replace(request_, zone_uuid=str(big.zone.uuid)))
    assert len(caught.value.message) < 1000
    assert "more" in caught.value.message


def test_no_host_at_all_says_so(built: BuiltZone, request_: PlacementRequest) -> None:
    with pytest.raises(NoHostFits, match="no host"):
        place(replace(request_, hypervisor="KVM"))
    with pytest.raises(NoHostFits, match="the host asked for"):
        place(replace(request_, host_uuid=str(uuid4())))


def test_overprovisioning_makes_room(built: BuiltZone, request_: PlacementRequest) -> None:
    with pytest.raises(NoHostFits):
        place(replace(request_, memory_mib=3000))
    cluster = str(built.clusters[1].uuid)
    ConfigValue.objects.create(name="mem.overprovisioning.factor", scope="cluster", scope_uuid=cluster, value="2")
    forget()
    assert sorted(names(place(replace(request_, memory_mib=3000)))) == ["z-host-2", "z-host-4"]


class OddHostsOnly:
    name = "odd"

    def refuse(self, request, host):
        return None if int(host.name[-1]) % 2 else "even"


class HighNumberFirst:
    name = "high"
    weight = 10.0

    def weigh(self, request, host):
        return int(host.name[-1]) / 10


class Broken:
    name = "broken"
    weight = 5.0

    def refuse(self, request, host):
        raise RuntimeError("no opinion")

    weigh = refuse


class Plugin:
    filters: list = []
    weighers: list = []
    choice = None

    @hookimpl
    def register_host_filters(self):
        return self.filters

    @hookimpl
    def register_host_weighers(self):
        return self.weighers

    @hookimpl
    def choose_host(self, request, candidates):
        return self.choice


@pytest.fixture
def plugin():
    instance = Plugin()
    pm.register(instance, name="test-placement")
    yield instance
    pm.unregister(instance)


def test_plugins_filter_weigh_and_choose(built: BuiltZone, request_: PlacementRequest, plugin: Plugin) -> None:
    plugin.filters, plugin.weighers = [OddHostsOnly()], [HighNumberFirst()]
    result = place(request_)
    assert names(result) == ["z-host-3", "z-host-1"]
    assert reasons(result) == {"z-host-2": "even", "z-host-4": "even"}
    plugin.choice = str(built.hosts[0].uuid)
    assert names(place(request_)) == ["z-host-1", "z-host-3"]


def test_choice_of_a_host_that_does_not_fit_is_ignored(
    built: BuiltZone, request_: PlacementRequest, plugin: Plugin
) -> None:
    plugin.filters, plugin.choice = [OddHostsOnly()], str(built.hosts[1].uuid)
    assert sorted(names(place(request_))) == ["z-host-1", "z-host-3"]


def test_broken_filters_and_weighers_of_plugins_have_no_say(
    built: BuiltZone, request_: PlacementRequest, plugin: Plugin
) -> None:
    plugin.filters, plugin.weighers = [Broken()], [Broken()]
    assert len(place(request_).ranked) == 4


def test_candidates_can_be_given(built: BuiltZone, request_: PlacementRequest, django_assert_num_queries) -> None:
    first = place(request_).ranked
    with django_assert_num_queries(0):
        assert place(replace(request_, hypervisor="Simulator"), first[:2]).ranked == first[:2]
