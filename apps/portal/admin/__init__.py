"""The framework in the admin: jobs, events, settings, schedule. The framework itself knows no admin."""

from apps.portal.admin import (
    configuration,
    events,
    foreign,
    idempotency,
    jobs,
    management_server,
    region,
    schedule,
    zone_setup,
)

__all__ = [
    "configuration",
    "events",
    "foreign",
    "idempotency",
    "jobs",
    "management_server",
    "region",
    "schedule",
    "zone_setup",
]
