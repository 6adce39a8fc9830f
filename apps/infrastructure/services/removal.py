"""What of the infrastructure is kept for an owner who is to be deleted."""

from collections.abc import Iterator

from django.db.models import Q

from apps.accounts.services.removal import Owners, Stage, register_objection, register_remover
from apps.infrastructure.models import Dedication, Zone
from apps.infrastructure.services import dedication
from cloudstack.framework.context import Caller


def register() -> None:
    """Called once, when all apps are ready."""
    register_objection(private_zones, settles=[Zone])
    register_remover(Dedication, stage=Stage.OTHERS, remove=release, where=kept_for, what="the dedication of")


def private_zones(owners: Owners) -> Iterator[str]:
    """A zone that one domain or account has to itself is not opened to everybody by the way."""
    accounts, domains = owners.accounts.values("pk"), owners.domains.values("pk")
    kept = Zone.objects.filter(Q(domain__in=domains) | Q(dedication__account__in=accounts))
    for name in kept.values_list("name", flat=True):
        yield f"zone {name} is kept for it: make the zone public or give it to another domain first"


def kept_for(owners: Owners) -> Q:
    """Pods, clusters and hosts that nobody else may use."""
    return Q(account__in=owners.accounts.values("pk")) | Q(domain__in=owners.domains.values("pk"))


def release(row: Dedication, *, caller: Caller) -> None:
    """Open for everybody what the owner had to itself."""
    dedication.drop(getattr(row, row.kind))
