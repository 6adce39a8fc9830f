"""The Django app of compute."""

from cloudstack.framework.apps_support import CloudAppConfig


class ComputeConfig(CloudAppConfig):
    name = "apps.compute"
    label = "compute"
    verbose_name = "Compute"

    def ready(self) -> None:
        super().ready()
        from apps.accounts.services.halting import register_stop
        from apps.compute.services import (
            counting,
            halting,
            moving,
            neighbours,
            plugin_uses,
            pool_machines,
            removal,
            sampling,
        )
        from apps.infrastructure.services.dedication import register_strangers
        from apps.infrastructure.services.evacuation import (
            register_evacuation,
            register_holders,
            register_machine_counts,
            register_occupants,
        )
        from apps.infrastructure.services.guards import register_guard
        from apps.network.services.nic_sources import register_nic_source
        from apps.storage.models import GuestOs
        from apps.storage.services.attachments import register_attachments
        from apps.storage.services.pool_maintenance import register_pool_machines

        counting.register()
        sampling.register_families()
        register_stop(halting.stop)
        removal.register()
        plugin_uses.register()
        moving.register()
        register_guard(GuestOs, neighbours.guests_with)
        register_strangers(neighbours.strangers)
        register_evacuation(neighbours.evacuate)
        register_holders(neighbours.holders)
        register_occupants(neighbours.machines_on)
        register_machine_counts(neighbours.machine_counts)
        register_nic_source(neighbours.nics_in_use)
        register_attachments(
            lookup=neighbours.machine_of_volume,
            online_resize=neighbours.resize_in_machine,
            drives=neighbours.machines_with_disc,
        )
        register_pool_machines(
            leave=pool_machines.leave_pool,
            come_back=pool_machines.return_to_pool,
            outsiders=pool_machines.machines_outside,
        )
