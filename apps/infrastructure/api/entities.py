"""Which infrastructure a caller may name in a command."""

from apps.infrastructure.models import Cluster, Dedication, Host, HypervisorCapabilities, Pod, Zone
from apps.infrastructure.selectors import (
    clusters_visible_to,
    hosts_visible_to,
    hypervisor_capabilities_visible_to,
    pods_visible_to,
    zones_visible_to,
)
from apps.infrastructure.selectors.dedications import dedications_visible_to
from apps.metadata.kinds import HUNG, register_kind
from cloudstack.api import register_entity

register_entity(Zone, scope=zones_visible_to)
register_entity(Pod, scope=pods_visible_to)
register_entity(Cluster, scope=clusters_visible_to)
register_entity(Host, scope=hosts_visible_to)
register_entity(Dedication, scope=dedications_visible_to)

register_kind(Zone, "Zone", tags=True, icon=True, note="ZONE", details="details")
register_kind(Pod, "Pod", note="POD")
register_kind(Cluster, "Cluster", note="CLUSTER", details=HUNG)
register_kind(Host, "Host", note="HOST")
register_entity(HypervisorCapabilities, scope=hypervisor_capabilities_visible_to)
