"""Entities of the portal app."""

from apps.portal.models.region import LOCAL_REGION, Region

__all__ = ["LOCAL_REGION", "Region"]
