"""Intent on service offerings."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.accounts.models import Domain
from apps.compute import events
from apps.compute.models import ServiceOffering
from apps.compute.services.sizing import LARGEST
from apps.compute.states import OfferingState
from apps.infrastructure.models import Zone
from apps.storage.models import DiskOffering
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish


class ServiceOfferingManager:
    """Creates, changes and withdraws service offerings; machines that have one keep it."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        name: str,
        disk: dict[str, Any],
        disk_offering: DiskOffering | None = None,
        domains: Sequence[Domain] = (),
        zones: Sequence[Zone] = (),
        **fields: Any,
    ) -> ServiceOffering:
        """``disk`` describes the root disk (fields of a disk offering) when no ``disk_offering`` is named."""
        self._check(fields)
        if disk_offering is None:
            disk_offering = DiskOffering.objects.create(
                name=name, display_text=fields.get("display_text", ""), is_compute_only=True, **disk
            )
        offering = ServiceOffering.objects.create(name=name, disk_offering=disk_offering, **fields)
        offering.domains.set(domains)
        offering.zones.set(zones)
        publish(events.SERVICE_OFFERING_CREATE, caller=caller, description=f"Create {offering}", resource=offering)
        return offering

    def _check(self, fields: dict[str, Any]) -> None:
        given = {name: fields.get(name) for name in ("cpus", "cpu_mhz", "memory_mib")}
        wire = {"cpus": "cpunumber", "cpu_mhz": "cpuspeed", "memory_mib": "memory"}
        for name, value in given.items():
            most = LARGEST[wire[name]]
            if value is not None and not 1 <= value <= most:
                raise InvalidParameter(f"{wire[name]} must be 1 to {most}, not {value}", parameter=wire[name])
        fixed = all(value is not None for value in given.values())
        if not fields.get("is_customized") and not fixed:
            missing = [wire[name] for name, value in given.items() if value is None]
            raise InvalidParameter(
                f"an offering of fixed size needs {', '.join(missing)}; set customized=true to leave it to users",
                parameter=missing[0],
            )
        if fields.get("is_customized") and fixed:
            raise InvalidParameter(
                "an offering with cpunumber, cpuspeed and memory is not custom; leave one out, or customized",
                parameter="customized",
            )
        for low, high in (("min_cpus", "max_cpus"), ("min_memory_mib", "max_memory_mib")):
            least, most = fields.get(low), fields.get(high)
            if least and most and least > most:
                raise InvalidParameter(f"the smallest size {least} is larger than the largest, {most}")

    @transaction.atomic
    def update(self, *, caller: Caller, offering: ServiceOffering, changes: dict[str, Any]) -> ServiceOffering:
        """Change name, text, order or state; ``domains`` and ``zones`` replace the sets."""
        domains, zones = changes.pop("domains", None), changes.pop("zones", None)
        if changes.get("state") not in (None, *OfferingState.values):
            raise InvalidParameter(f"state must be one of {', '.join(OfferingState.values)}", parameter="state")
        for name, value in changes.items():
            setattr(offering, name, value)
        if changes:
            offering.save(update_fields=list(changes))
        if domains is not None:
            offering.domains.set(domains)
        if zones is not None:
            offering.zones.set(zones)
        publish(events.SERVICE_OFFERING_EDIT, caller=caller, description=f"Update {offering}", resource=offering)
        return offering

    @transaction.atomic
    def delete(self, *, caller: Caller, offering: ServiceOffering) -> None:
        offering.mark_removed(state=OfferingState.INACTIVE)
        publish(events.SERVICE_OFFERING_DELETE, caller=caller, description=f"Delete {offering}", resource=offering)
