"""Hosts as placement sees them for one machine."""

from dataclasses import dataclass

from apps.compute.models import VirtualMachine
from apps.compute.selectors import vm_for_job
from apps.compute.selectors.affinity import affinity_rules
from apps.infrastructure.services.placement import Survey, survey
from cloudstack.contracts.placement import PlacementRequest


@dataclass(frozen=True, kw_only=True)
class Targets(Survey):
    """``pool_uuids``: pools that hold volumes of the machine."""

    pool_uuids: frozenset[str]


def placement_request(vm: VirtualMachine, **limits: object) -> PlacementRequest:
    """What ``vm`` needs of a host."""
    pools = {str(one.volume.pool.uuid) for one in vm.live_attachments if one.volume.pool}
    tags = vm.service_offering.host_tag_tuple + ((vm.template.tag,) if vm.template.tag else ())
    return PlacementRequest(
        vm_uuid=str(vm.uuid),
        hypervisor=vm.hypervisor,
        zone_uuid=str(vm.zone.uuid),
        cpus=vm.cpus,
        cpu_mhz=vm.cpu_mhz,
        memory_mib=vm.memory_mib,
        host_tags=tags,
        pool_uuids=tuple(sorted(pools)),
        affinity=affinity_rules(vm),
        guest_os_category=str(vm.guest_os.category_id) if vm.guest_os else "",
        account_uuid=str(vm.account.uuid),
        domain_path=vm.account.domain.path,
        **limits,  # type: ignore[arg-type]
    )


def migration_targets(vm: VirtualMachine) -> Targets:
    """What placement thinks of each host of the zone as the next one of ``vm``; a running one stays in its cluster."""
    known = vm_for_job(uuid=vm.uuid)
    limits: dict[str, object] = {}
    if known.host is not None:
        limits = {"cluster_uuid": str(known.host.cluster.uuid), "avoid_hosts": frozenset({str(known.host.uuid)})}
    request = placement_request(known, **limits)
    seen = survey(request)
    return Targets(hosts=seen.hosts, reasons=seen.reasons, pool_uuids=frozenset(request.pool_uuids))
