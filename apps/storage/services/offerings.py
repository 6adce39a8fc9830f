"""Disk offerings: create, change, delete. What volumes already use never changes under them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Domain
from apps.infrastructure.models import Zone
from apps.storage.events import DISK_OFFERING_CREATE, DISK_OFFERING_DELETE, DISK_OFFERING_EDIT
from apps.storage.models import DiskOffering
from apps.storage.services.tags import clean_tags
from apps.storage.services.volume_sizes import within_maximum
from apps.storage.states import OfferingState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.events.bus import publish

DEFAULTS = (
    {"name": "Small", "display_text": "Small Disk, 5 GB", "size_gib": 5},
    {"name": "Medium", "display_text": "Medium Disk, 20 GB", "size_gib": 20},
    {"name": "Large", "display_text": "Large Disk, 100 GB", "size_gib": 100},
    {"name": "Custom", "display_text": "Custom Disk", "size_gib": 0, "is_custom": True},
)
PROVISIONING = ("thin",)
CACHE_MODES = ("none", "writeback", "writethrough")
BOUNDED = ("bytes_read_rate", "bytes_write_rate", "iops_read_rate", "iops_write_rate")
LIMITS = tuple(f"{rate}{end}" for rate in BOUNDED for end in ("", "_max", "_max_length"))
"""Fields of the model that bound what a disk may do; 0 and nothing are unlimited."""
RATES = (*LIMITS, "min_iops", "max_iops")


@transaction.atomic
def seed_disk_offerings() -> None:
    """What a new cloud offers; safe to repeat."""
    for position, values in enumerate(DEFAULTS):
        if not DiskOffering.all_objects.filter(name=values["name"], is_compute_only=False).exists():
            DiskOffering.objects.create(**values, sort_key=position)


class DiskOfferingManager:
    """What operators, and domain administrators for their domains, do with disk offerings."""

    @transaction.atomic
    def create(
        self,
        *,
        caller: Caller,
        name: str,
        display_text: str = "",
        size_gib: int | None = None,
        is_custom: bool = False,
        domains: Sequence[Domain] = (),
        zones: Sequence[Zone] = (),
        tags: str = "",
        details: Mapping[str, str] | None = None,
        **options: Any,
    ) -> DiskOffering:
        """``options``: further fields of the model, such as ``local_storage`` or the rates."""
        check_audience(caller, domains)
        if not name.strip():
            raise InvalidParameter("name is empty", parameter="name")
        if is_custom and size_gib:
            raise InvalidParameter("a custom offering has no size of its own; leave disksize out", parameter="disksize")
        if not is_custom:
            if size_gib is None:
                raise InvalidParameter("give disksize, in GiB, or customized=true", parameter="disksize")
            within_maximum(size_gib)
        check_options(options)
        offering = DiskOffering.objects.create(
            name=name.strip(),
            display_text=display_text or name.strip(),
            size_gib=size_gib or 0,
            is_custom=is_custom,
            tags=clean_tags(tags),
            details=dict(details or {}),
            **{key: value for key, value in options.items() if value is not None},
        )
        offering.domains.set(domains)
        offering.zones.set(zones)
        publish(DISK_OFFERING_CREATE, caller=caller, description=f"created disk offering {offering}", resource=offering)
        return offering

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        offering: DiskOffering,
        domains: Sequence[Domain] | None = None,
        zones: Sequence[Zone] | None = None,
        tags: str | None = None,
        **changes: Any,
    ) -> DiskOffering:
        """Change texts, order, tags, rates, state and who may see it; size and kind stay as they are."""
        fields = {key: value for key, value in changes.items() if value is not None}
        check_options({**{name: getattr(offering, name) for name in RATES}, **fields})
        if "name" in fields and not fields["name"].strip():
            raise InvalidParameter("name is empty", parameter="name")
        if tags is not None:
            fields["tags"] = clean_tags(tags)
        if fields:
            DiskOffering.objects.filter(pk=offering.pk).update(**fields)
        if domains is not None:
            check_audience(caller, domains)
            offering.domains.set(domains)
        if zones is not None:
            offering.zones.set(zones)
        offering.refresh_from_db()
        publish(DISK_OFFERING_EDIT, caller=caller, description=f"changed disk offering {offering}", resource=offering)
        return offering

    @transaction.atomic
    def delete(self, *, caller: Caller, offering: DiskOffering) -> None:
        """Volumes that were made from it keep it; nobody can choose it any more."""
        rows = DiskOffering.objects.filter(pk=offering.pk)
        if rows.update(removed=timezone.now(), state=OfferingState.INACTIVE):
            offering.was_removed()
            text = f"deleted disk offering {offering}"
            publish(DISK_OFFERING_DELETE, caller=caller, description=text, resource=offering)


def check_audience(caller: Caller, domains: Sequence[Domain]) -> None:
    """Domain admins make offerings for their own subtree only. Raises ``PermissionDenied``."""
    if caller.is_root_admin:
        return
    if not domains:
        raise PermissionDenied("only root admins make public offerings; give domainid", parameter="domainid")
    foreign = [domain for domain in domains if not domain.path.startswith(caller.domain_path)]
    if foreign:
        raise PermissionDenied(f"domain {foreign[0]} is not below yours", parameter="domainid")


def check_options(options: Mapping[str, Any]) -> None:
    """Raise ``InvalidParameter`` for values of a disk offering's fields that do not go, or not together."""
    for name, allowed in (("provisioning", PROVISIONING), ("cache_mode", CACHE_MODES)):
        value = options.get(name)
        if value is not None and value not in allowed:
            wire = {"provisioning": "provisioningtype", "cache_mode": "cachemode"}[name]
            raise InvalidParameter(f"{wire} {value!r} is not possible; use {', '.join(allowed)}", parameter=wire)
    for name in RATES:
        value = options.get(name)
        if value is not None and value < 0:
            raise InvalidParameter(f"{name} is {value}; rates are never negative")
    for name in BOUNDED:
        rate, burst, length = (options.get(f"{name}{end}") for end in ("", "_max", "_max_length"))
        wire = name.replace("_", "") + "max"
        if burst and (not rate or burst < rate):
            raise InvalidParameter(
                f"{wire} {burst} is a burst above {wire[:-3]}, which is {rate or 'not given'}", parameter=wire
            )
        if length and not burst:
            raise InvalidParameter(f"{wire}length goes with {wire}", parameter=f"{wire}length")
    low, high = options.get("min_iops"), options.get("max_iops")
    if low is not None and high is not None and low > high:
        raise InvalidParameter(f"miniops {low} is above maxiops {high}", parameter="miniops")
