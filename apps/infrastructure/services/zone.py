"""Zones: create, change, delete."""

from typing import Any

from django.db import transaction

from apps.infrastructure.events import ZONE_CREATE, ZONE_DELETE, ZONE_EDIT
from apps.infrastructure.models import Zone
from apps.infrastructure.services import guards, validation
from apps.infrastructure.services.dedication import dedicate_new_zone, open_zone
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish

ADDRESSES = {"dns1": "dns1", "dns2": "dns2", "internal_dns1": "internaldns1", "internal_dns2": "internaldns2"}


class ZoneManager:
    """Intent on zones; operators only (the commands' roles see to that)."""

    @transaction.atomic
    def create(self, *, caller: Caller, name: str, dns1: str, internal_dns1: str, **fields: Any) -> Zone:
        """A new zone. ``fields`` are further columns of :class:`Zone`; ``domain`` dedicates it.

        Raises ``InvalidParameter`` for a name in use, a bad address or a network type that is not built.
        """
        zone = Zone(**self._cleaned({**fields, "name": name, "dns1": dns1, "internal_dns1": internal_dns1}))
        if zone.security_groups_enabled:
            raise InvalidParameter("zones with security groups are not available", parameter="securitygroupenabled")
        validation.check(zone)
        zone.save()
        publish(ZONE_CREATE, caller=caller, description=f"zone {zone} created", resource=zone)
        if zone.domain is not None:
            dedicate_new_zone(caller=caller, zone=zone, domain=zone.domain)
        return zone

    @transaction.atomic
    def update(self, *, caller: Caller, zone: Zone, public: bool | None = None, **fields: Any) -> Zone:
        """Change the columns in ``fields``; others stay. ``public``: a zone that was kept for somebody is open now."""
        zone = Zone.objects.select_for_update().get(pk=zone.pk)
        if public is False and zone.domain_id is None:
            raise InvalidParameter(
                f"zone {zone} is open for everybody; dedicateZone keeps it for a domain", parameter="ispublic"
            )
        if public:
            open_zone(caller=caller, zone=zone)
            zone.domain = None
        changes = self._cleaned(fields)
        for name, value in changes.items():
            setattr(zone, name, value)
        validation.check(zone)
        if changes:
            zone.save(update_fields=list(changes))
            publish(ZONE_EDIT, caller=caller, description=f"zone {zone} changed: {', '.join(changes)}", resource=zone)
        return zone

    @transaction.atomic
    def delete(self, *, caller: Caller, zone: Zone) -> None:
        """Raises ``ResourceInUse`` while anything is in the zone."""
        Zone.objects.select_for_update().get(pk=zone.pk)
        guards.refuse_when_used(zone)
        if zone.mark_removed():
            publish(ZONE_DELETE, caller=caller, description=f"zone {zone} deleted", resource=zone)

    def _cleaned(self, fields: dict[str, Any]) -> dict[str, Any]:
        cleaned = dict(fields)
        for name, wire in ADDRESSES.items():
            if name in cleaned:
                cleaned[name] = validation.address(cleaned[name], wire)
        if "guest_cidr" in cleaned:
            cleaned["guest_cidr"] = validation.network(cleaned["guest_cidr"], "guestcidraddress")
        return cleaned


def _pods_in(zone: Any) -> list[str]:
    count = zone.pods.filter(removed__isnull=True).count()
    return [f"{count} pods are in it"] if count else []


guards.register_guard(Zone, _pods_in)
