"""Limits of hypervisors: seeded for each that a plugin drives, changed by operators, asked where they bind."""

from typing import Any

from django.db import transaction

from apps.infrastructure.events import HYPERVISOR_CAPABILITIES_UPDATE
from apps.infrastructure.models import HypervisorCapabilities
from apps.infrastructure.models.hypervisor import DEFAULT_VERSION
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import hypervisor_types
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish

MAX_GUESTS, MAX_DATA_VOLUMES, MAX_HOSTS = "maxguestslimit", "maxdatavolumeslimit", "maxhostspercluster"
WIRE = {"max_guests": MAX_GUESTS, "max_data_volumes": MAX_DATA_VOLUMES, "max_hosts_per_cluster": MAX_HOSTS}
MOST_DATA_VOLUMES = 14
"""Slots of a machine besides the root disk and the CD-ROM."""


def seed_capabilities() -> int:
    """A row without limits for every hypervisor that has none; answers how many were made."""
    known = set(HypervisorCapabilities.objects.values_list("hypervisor", flat=True))
    missing = [HypervisorCapabilities(hypervisor=name) for name in hypervisor_types() if name not in known]
    return len(HypervisorCapabilities.objects.bulk_create(missing, ignore_conflicts=True))


def limit_of(hypervisor: str, name: str) -> int | None:
    """One limit (a column of the model); None where there is none."""
    rows = HypervisorCapabilities.objects.filter(hypervisor=hypervisor, version=DEFAULT_VERSION)
    return rows.values_list(name, flat=True).first()


class HypervisorManager:
    """Intent on hypervisors' limits; root admins only."""

    @transaction.atomic
    def update(
        self, *, caller: Caller, capabilities: HypervisorCapabilities | None, hypervisor: str = "", **limits: Any
    ) -> HypervisorCapabilities:
        """Set the limits given. What exceeds a lowered one already stays; nothing is added to it."""
        rows = HypervisorCapabilities.objects.select_for_update()
        if capabilities is not None:
            found = rows.filter(pk=capabilities.pk).first()
        else:
            if not hypervisor:
                raise InvalidParameter("give id, or hypervisor and hypervisorversion", parameter="id")
            found = rows.filter(hypervisor__iexact=hypervisor, version=DEFAULT_VERSION).first()
        if found is None:
            raise InvalidParameter(
                f"hypervisor is {hypervisor!r}; there are limits of {', '.join(hypervisor_types())}",
                parameter="hypervisor",
            )
        for name, value in limits.items():
            if value is not None and value < 1:
                raise InvalidParameter(f"{WIRE[name]} is {value}; it must be at least 1", parameter=WIRE[name])
            if name == "max_data_volumes" and value is not None and value > MOST_DATA_VOLUMES:
                raise InvalidParameter(
                    f"{MAX_DATA_VOLUMES} is {value}; a machine has slots for {MOST_DATA_VOLUMES} data disks",
                    parameter=MAX_DATA_VOLUMES,
                )
            setattr(found, name, value)
        found.save(update_fields=list(limits))
        text = f"limits of {found} changed: {', '.join(WIRE[name] for name in limits)}"
        publish(HYPERVISOR_CAPABILITIES_UPDATE, caller=caller, description=text, resource=found)
        return found
