"""Changes of physical networks, their traffic types and providers. Database only, one at a time each."""

from django.utils import timezone

from apps.network.models import GuestVlanRange, NetworkServiceProvider, PhysicalNetworkTrafficType
from apps.network.selectors import physical_network_for_job
from apps.network.services.physical_networks import (
    apply_changes,
    ensure_not_carrying,
    ensure_without_networks,
    ensure_without_public_ranges,
)
from apps.network.services.providers import (
    add_installed_providers,
    ensure_element_enabled,
    ensure_provider_not_enabled,
    ensure_provider_unused,
)
from apps.network.states import ProviderState
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class PhysicalNetworkWorkflow(Workflow):
    """Base of workflows about one physical network, named ``physical_network_uuid`` in their arguments."""

    def load(self, ctx: JobContext) -> None:
        ctx.physical = physical_network_for_job(uuid=ctx.arguments["physical_network_uuid"])


class AddProviders(Step):
    title = "Add the installed providers"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            add_installed_providers(ctx.physical)


@workflow("network.physical_network.create")
class CreatePhysicalNetwork(PhysicalNetworkWorkflow):
    title = "Create a physical network"
    steps = [AddProviders]


class ApplyChanges(Step):
    title = "Apply the changes"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            apply_changes(ctx.physical, ctx.arguments["changes"])


@workflow("network.physical_network.update")
class UpdatePhysicalNetwork(PhysicalNetworkWorkflow):
    title = "Update a physical network"
    steps = [ApplyChanges]


class RemovePhysicalNetwork(Step):
    title = "Delete the physical network"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ensure_without_networks(ctx.physical)
            ensure_without_public_ranges(ctx.physical)
            if not ctx.physical.mark_removed():
                return
            now = timezone.now()
            ctx.physical.vnet_ranges.all().delete()
            PhysicalNetworkTrafficType.objects.filter(physical_network=ctx.physical).update(removed=now)
            NetworkServiceProvider.objects.filter(physical_network=ctx.physical).update(removed=now)
            GuestVlanRange.objects.filter(physical_network=ctx.physical).update(removed=now)


@workflow("network.physical_network.delete")
class DeletePhysicalNetwork(PhysicalNetworkWorkflow):
    title = "Delete a physical network"
    steps = [RemovePhysicalNetwork]


class TrafficTypeWorkflow(PhysicalNetworkWorkflow):
    """Base of workflows about one traffic type, named ``row_uuid``."""

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.row = PhysicalNetworkTrafficType.all_objects.get(uuid=ctx.arguments["row_uuid"])


class SeeTrafficType(Step):
    title = "See that the traffic type is there"

    def do(self, ctx: JobContext) -> None:
        """The row was made with the request; hosts learn of it with the next segment."""
        ctx.log(f"{ctx.physical} carries {ctx.row.traffic_type} over {ctx.row.kvm_label or 'no named link'}")


@workflow("network.traffic_type.add")
class AddTrafficType(TrafficTypeWorkflow):
    title = "Add a traffic type"
    steps = [SeeTrafficType]


class Relabel(Step):
    title = "Name the link that carries the traffic"

    def do(self, ctx: JobContext) -> None:
        label = ctx.arguments["kvm_label"]
        with ctx.transaction():
            if label is not None:
                PhysicalNetworkTrafficType.objects.filter(pk=ctx.row.pk).update(kvm_label=label)


@workflow("network.traffic_type.update")
class UpdateTrafficType(TrafficTypeWorkflow):
    title = "Update a traffic type"
    steps = [Relabel]


class RemoveTrafficType(Step):
    title = "Take the traffic type off"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ensure_not_carrying(ctx.physical, ctx.row.traffic_type)
            ctx.row.mark_removed()


@workflow("network.traffic_type.delete")
class DeleteTrafficType(TrafficTypeWorkflow):
    title = "Delete a traffic type"
    steps = [RemoveTrafficType]


class ProviderWorkflow(PhysicalNetworkWorkflow):
    """Base of workflows about one provider, named ``row_uuid``."""

    def load(self, ctx: JobContext) -> None:
        super().load(ctx)
        ctx.row = NetworkServiceProvider.all_objects.get(uuid=ctx.arguments["row_uuid"])


class SeeProvider(Step):
    title = "See that the provider is there"

    def do(self, ctx: JobContext) -> None:
        """The row was made with the request."""
        ctx.log(f"provider {ctx.row} is {ctx.row.state} on {ctx.physical}")


@workflow("network.provider.add")
class AddProvider(ProviderWorkflow):
    title = "Add a provider"
    steps = [SeeProvider]


class SetProviderState(Step):
    title = "Enable or disable the provider"

    def do(self, ctx: JobContext) -> None:
        asked = {name: ctx.arguments.get(name) for name in ("state", "services")}
        changes = {name: value for name, value in asked.items() if value is not None}
        if changes.get("state") == ProviderState.ENABLED:
            ensure_element_enabled(ctx.row)
        if changes:
            with ctx.transaction():
                NetworkServiceProvider.objects.filter(pk=ctx.row.pk).update(**changes)


@workflow("network.provider.update")
class UpdateProvider(ProviderWorkflow):
    title = "Update a provider"
    steps = [SetProviderState]


class SetElement(Step):
    title = "Allow or stop the element"

    def plan(self, ctx: JobContext) -> str:
        word = "allow" if ctx.arguments["enabled"] else "stop"
        return f"{word} the element of provider {ctx.row} on physical network {ctx.physical}"

    def do(self, ctx: JobContext) -> None:
        enabled = ctx.arguments["enabled"]
        if not enabled:
            ensure_provider_not_enabled(ctx.row)
        with ctx.transaction():
            NetworkServiceProvider.objects.filter(pk=ctx.row.pk).update(element_enabled=enabled)


@workflow("network.element.configure")
class ConfigureElement(ProviderWorkflow):
    title = "Configure a network element"
    steps = [SetElement]


class RemoveProvider(Step):
    title = "Take the provider off"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ensure_provider_unused(ctx.row)
            ctx.row.mark_removed()


@workflow("network.provider.delete")
class DeleteProvider(ProviderWorkflow):
    title = "Delete a provider"
    steps = [RemoveProvider]


class ReleaseNumbers(Step):
    title = "Open the numbers to everybody"

    def plan(self, ctx: JobContext) -> str:
        return f"open numbers {ctx.range} of physical network {ctx.range.physical_network} to everybody"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            ctx.range.mark_removed()


@workflow("network.guest_vlan_range.release")
class ReleaseGuestVlanRange(Workflow):
    title = "Release dedicated numbers of guest networks"
    steps = [ReleaseNumbers]

    def load(self, ctx: JobContext) -> None:
        ctx.range = GuestVlanRange.all_objects.select_related("physical_network").get(uuid=ctx.arguments["range_uuid"])
