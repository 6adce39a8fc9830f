"""Intent on service offerings."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from apps.accounts.models import Domain
from apps.compute import events
from apps.compute.models import ServiceOffering
from apps.compute.services.lease_rules import check_lease
from apps.compute.services.sizing import LARGEST
from apps.compute.states import OfferingState
from apps.infrastructure.models import Zone
from apps.storage.models import DiskOffering
from apps.storage.services.offerings import check_audience, check_options
from apps.storage.services.tags import clean_tags
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish

WIRE = {
    "local_storage": "storagetype",
    "size_gib": "rootdisksize",
    "size_is_strict": "diskofferingstrictness",
    "provisioning": "provisioningtype",
    "is_custom_iops": "customizediops",
}
"""What clients call fields of the disk half, where it is not the same word."""


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
        check_audience(caller, domains)
        self._check(fields)
        if fields.get("lease_days") is not None or fields.get("lease_action"):
            check_lease(fields.get("lease_days"), fields.get("lease_action"), or_for_ever=False)
        if disk_offering is not None:
            given = sorted(WIRE.get(name, name.replace("_", "")) for name, value in disk.items() if value)
            given = [name for name in given if name != "rootdisksize"]
            if given:
                raise InvalidParameter(
                    f"diskofferingid {disk_offering.uuid} says how the root disk is; leave {', '.join(given)} out",
                    parameter="diskofferingid",
                )
        else:
            check_options(disk)
            disk = {name: value for name, value in disk.items() if value is not None}
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
        """Change name, text, order, tags or state; ``domains`` and ``zones`` replace the sets, empty ones open it.

        ``storage_tags`` are those of its own disk half, for disks that are made from now on.
        """
        domains, zones = changes.pop("domains", None), changes.pop("zones", None)
        if domains is not None:
            check_audience(caller, domains)
        self._retag(offering, changes.pop("storage_tags", None))
        if "name" in changes and not changes["name"].strip():
            raise InvalidParameter("name is empty", parameter="name")
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

    def _retag(self, offering: ServiceOffering, tags: str | None) -> None:
        if tags is None:
            return
        if not offering.disk_offering.is_compute_only:
            raise InvalidParameter(
                f"the tags of the root disk are those of disk offering {offering.disk_offering}; change them there",
                parameter="storagetags",
            )
        DiskOffering.objects.filter(pk=offering.disk_offering_id).update(tags=clean_tags(tags))

    @transaction.atomic
    def delete(self, *, caller: Caller, offering: ServiceOffering) -> None:
        offering.mark_removed(state=OfferingState.INACTIVE)
        publish(events.SERVICE_OFFERING_DELETE, caller=caller, description=f"Delete {offering}", resource=offering)
