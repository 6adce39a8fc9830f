"""A real cloud on one machine: hypervisor hosts made of namespaces, and a guest image small enough to emulate.

Standard library only, so that it works before any virtual environment exists.
"""

from lab.checks import preflight

__all__ = ["preflight"]
