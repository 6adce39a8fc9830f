"""Machines and what belongs to them in the admin: to look at, and to operate through commands."""

from apps.compute.admin import groups, offering, parts, usage, virtual_machine

__all__ = ["groups", "offering", "parts", "usage", "virtual_machine"]
