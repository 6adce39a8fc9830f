"""What the pages of the manual must tell: members of all that plugins give by a hook, and of what they get."""

import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from cloudstack.contracts import agent, clusters, console, hypervisor, network, placement, snapshots, storage, unmanaged
from cloudstack.contracts.host import HostFacts, HostLoad, HostRef
from cloudstack.contracts.hypervisor import DiskSpec, HypervisorDriver, NicSpec, SeedSpec, VmSpec
from cloudstack.plugin import (
    access,
    alerts,
    api,
    doctor,
    events,
    health,
    jobs,
    login,
    managers,
    metrics,
    portal,
    resources,
    settings,
)

TOLD: dict[str, tuple[type, ...]] = {
    "register_access_checks": (access.AccessCheck, access.CommandCall),
    "register_affinity_types": (placement.AffinityType, placement.AffinityRule),
    "register_alert_channels": (alerts.AlertChannel, alerts.AlertNotice),
    "register_config_keys": (settings.ConfigKey,),
    "register_doctor_checks": (doctor.DoctorCheck, doctor.Finding),
    "register_health_checks": (health.HealthCheck,),
    "register_host_agents": (agent.HostAgent,),
    "register_host_discoveries": (clusters.HostDiscovery, clusters.ClusterRef, clusters.FoundHost),
    "register_host_filters": (placement.HostFilter, placement.PlacementRequest, placement.HostCandidate),
    "register_host_weighers": (placement.HostWeigher,),
    "register_hypervisor_drivers": (
        HypervisorDriver,
        HostRef,
        HostFacts,
        VmSpec,
        DiskSpec,
        NicSpec,
        SeedSpec,
        hypervisor.VmStatistics,
        HostLoad,
        console.ConsoleFacts,
        console.ConsoleTicket,
        snapshots.MachineSnapshot,
        unmanaged.UnmanagedMachine,
        unmanaged.UnmanagedDisk,
        unmanaged.UnmanagedNic,
        *(
            ability
            for module in (console, hypervisor, snapshots, unmanaged)
            for name, ability in vars(module).items()
            if name.startswith("Supports")
        ),
    ),
    "register_image_store_drivers": (storage.ImageStoreDriver, storage.ImageStoreRef, storage.ImageFacts),
    "register_login_backends": (login.LoginBackend,),
    "register_managers": (managers.Manager,),
    "register_metrics": (metrics.Counter, metrics.Collector, metrics.Family),
    "register_network_elements": (
        network.NetworkElement,
        network.SupportsRules,
        network.NetworkSpec,
        network.GuestNic,
        network.RuleSpec,
    ),
    "register_object_panels": (portal.PanelOn, portal.Panel),
    "register_owned_models": (resources.OwnedKind,),
    "register_portal_links": (portal.MenuLink,),
    "register_portal_sections": (portal.Section, portal.Column, portal.Filter, portal.Operation, portal.Input),
    "register_resource_limits": (resources.LimitedResource,),
    "register_response_fields": (api.ResponseField,),
    "register_role_rules": (access.RoleRule,),
    "register_scheduled_jobs": (jobs.ScheduledJob,),
    "register_storage_drivers": (
        storage.PrimaryStorageDriver,
        storage.PoolRef,
        storage.PoolFacts,
        storage.TemplateSpec,
        storage.VolumeSpec,
        storage.VolumeFacts,
    ),
    "register_workflows": (jobs.Workflow, jobs.Step, jobs.JobContext),
    "event_published": (events.EventRecord,),
    "host_emptied": (HostRef,),
}
OF_THE_PLATFORM = {
    resources.LimitedResource: {"kind", "register"},
    settings.ConfigKey: {"component", "cast", "initial", "text"},
    metrics.Family: {"resolution"},
    jobs.Step: {"can_undo"},
    portal.Section: {"creates"},
    portal.Operation: {"key", "asks", "is_dangerous", "named"},
    portal.Column: {"wires", "shown"},
    portal.Input: {"name"},
    jobs.JobContext: {"names_hosts", "preview", "set_resource"},
}
"""Class → members that the platform itself uses."""


def members(thing: type) -> Iterator[str]:
    """Public fields, attributes, properties and methods."""
    found = {one.name for one in fields(thing)} if is_dataclass(thing) else set()
    for cls in thing.__mro__:
        if cls.__module__.startswith("cloudstack"):
            found |= {*vars(cls).get("__annotations__", ())}
            found |= {name for name, one in vars(cls).items() if inspect.isfunction(one) or isinstance(one, property)}
    yield from sorted(one for one in found - OF_THE_PLATFORM.get(thing, set()) if not one.startswith("_"))
