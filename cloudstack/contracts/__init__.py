"""Contracts between the core and its drivers: Protocols and frozen dataclasses, no Django, no rows."""
