"""Machines and what belongs to them in the admin: to look at, and to operate through commands."""

from apps.compute.admin import (
    console_session,
    drs_plan,
    groups,
    offering,
    parts,
    placement,
    schedule,
    unmanaged,
    usage,
    virtual_machine,
)

__all__ = [
    "console_session",
    "drs_plan",
    "groups",
    "offering",
    "parts",
    "placement",
    "schedule",
    "unmanaged",
    "usage",
    "virtual_machine",
]
