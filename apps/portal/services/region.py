"""Regions: this installation and those that clients are told of beside it."""

from django.db import IntegrityError, transaction

from apps.portal import events
from apps.portal.models import LOCAL_REGION, Region
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish


class RegionManager:
    """Adds, changes and removes regions. They are a list for clients: nothing is carried between regions."""

    @transaction.atomic
    def add(self, *, caller: Caller, number: int, name: str, endpoint: str) -> Region:
        """Raises ``InvalidParameter`` for a number or name that is taken and an endpoint that is no web address."""
        region = Region(number=number, name=_checked_name(name), endpoint=_checked_endpoint(endpoint))
        if Region.objects.filter(number=number).exists():
            raise InvalidParameter(f"there is a region with id {number} already", parameter="id")
        _save(region)
        publish(events.REGION_CREATE, caller=caller, description=f"region {region} added")
        return region

    @transaction.atomic
    def update(self, *, caller: Caller, region: Region, name: str | None, endpoint: str | None) -> Region:
        """Change what is given."""
        if name is not None:
            region.name = _checked_name(name)
        if endpoint is not None:
            region.endpoint = _checked_endpoint(endpoint)
        _save(region)
        publish(events.REGION_UPDATE, caller=caller, description=f"region {region} changed")
        return region

    @transaction.atomic
    def remove(self, *, caller: Caller, region: Region) -> None:
        """Raises ``InvalidParameter`` for the region that this installation is."""
        if region.number == LOCAL_REGION:
            raise InvalidParameter(f"region {region} is this installation and stays", parameter="id")
        region.delete()
        publish(events.REGION_DELETE, caller=caller, description=f"region {region} removed")


def ensure_local_region() -> None:
    """The region that this installation is; safe to repeat."""
    Region.objects.get_or_create(number=LOCAL_REGION, defaults={"name": "Local"})


def _checked_name(name: str) -> str:
    if not name.strip():
        raise InvalidParameter("the name of a region is empty", parameter="name")
    return name.strip()


def _checked_endpoint(endpoint: str) -> str:
    if not endpoint.lower().startswith(("http://", "https://")):
        raise InvalidParameter(f"endpoint={endpoint!r} must begin with http:// or https://", parameter="endpoint")
    return endpoint


def _save(region: Region) -> None:
    if Region.objects.filter(name=region.name).exclude(pk=region.pk).exists():
        raise InvalidParameter(f"there is a region named {region.name!r} already", parameter="name")
    try:
        with transaction.atomic():
            region.save()
    except IntegrityError:
        raise InvalidParameter(
            f"there is a region {region.number} or {region.name!r} already", parameter="id"
        ) from None
