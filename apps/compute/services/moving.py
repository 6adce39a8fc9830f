"""What machines and disks would lose when their domain goes to another place in the tree."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet

from apps.accounts.models import Domain
from apps.accounts.services.domain_move import register_move_check
from apps.compute.models import Nic, ServiceOffering, VirtualMachine
from apps.infrastructure.models import Zone
from apps.storage.models import DiskOffering, Volume

SHOWN = 5


def register() -> None:
    """Called once, when all apps are ready."""
    register_move_check(lost)


def lost(domain: Domain, leaving: list[str]) -> Iterator[str]:
    """Networks, offerings and zones kept for the domains ``leaving`` that machines and disks of ``domain`` use."""
    if not leaving:
        return
    inside = Q(domain__path__startswith=domain.path)
    machines, volumes = VirtualMachine.objects.filter(inside), Volume.objects.filter(inside)
    cards = Nic.objects.filter(vm__domain__path__startswith=domain.path, network__access_domain__path__in=leaving)
    yield from _named("its machines are in the networks {}, which stay with the domains above", cards, "network__name")
    yield from _named(
        "its machines are in the zones {}, which are kept for the domains above", _zones(machines, leaving), "name"
    )
    for model, users in (
        (ServiceOffering, machines.values("service_offering")),
        (DiskOffering, volumes.values("disk_offering")),
    ):
        offerings = _kept(model, leaving, domain).filter(pk__in=users)
        yield from _named("it uses the offerings {}, which are kept for the domains above", offerings, "name")


def _zones(machines: QuerySet[VirtualMachine], leaving: list[str]) -> QuerySet[Zone]:
    return Zone.objects.filter(domain__path__in=leaving, pk__in=machines.values("zone"))


def _kept(model: type[Model], leaving: list[str], domain: Domain) -> QuerySet[Any]:
    """Offerings that are for domains, for one that is left and for none in the branch itself."""
    everything = model._default_manager.filter(domains__path__in=leaving)
    return everything.exclude(pk__in=model._default_manager.filter(domains__path__startswith=domain.path).values("pk"))


def _named(sentence: str, rows: QuerySet[Any], path: str) -> Iterator[str]:
    names = list(rows.order_by(path).values_list(path, flat=True).distinct()[:SHOWN])
    if names:
        yield sentence.format(", ".join(names))
