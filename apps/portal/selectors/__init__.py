"""Reads of the portal app."""

from apps.portal.selectors.events import events_visible_to

__all__ = ["events_visible_to"]
