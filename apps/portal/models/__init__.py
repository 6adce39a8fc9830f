"""Entities of the portal app."""

from apps.portal.models.region import LOCAL_REGION, Region
from apps.portal.models.zone_setup import ZoneSetup

__all__ = ["LOCAL_REGION", "Region", "ZoneSetup"]
