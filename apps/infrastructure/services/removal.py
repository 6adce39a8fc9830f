"""What of the infrastructure is kept for an owner who is to be deleted."""

from collections.abc import Iterator

from apps.accounts.services.removal import Owners, register_objection
from apps.infrastructure.models import Zone


def register() -> None:
    """Called once, when all apps are ready."""
    register_objection(private_zones, settles=[Zone])


def private_zones(owners: Owners) -> Iterator[str]:
    """A zone that one domain has to itself is not opened to everybody by the way."""
    for name in Zone.objects.filter(domain__in=owners.domains.values("pk")).values_list("name", flat=True):
        yield f"zone {name} is kept for it: make the zone public or give it to another domain first"
