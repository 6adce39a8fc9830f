"""Pages for operators. Rows change through commands only; operations are actions that call them."""

from apps.network.admin import allocations, networks, offerings, physical_networks

__all__ = ["allocations", "networks", "offerings", "physical_networks"]
