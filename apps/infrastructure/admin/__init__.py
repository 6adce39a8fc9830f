"""The infrastructure in the admin: columns, filters, and actions that go through the commands."""

from apps.infrastructure.admin import capacity, history, host, places

__all__ = ["capacity", "history", "host", "places"]
