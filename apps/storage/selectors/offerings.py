"""Disk offerings that a caller may choose or change."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import Domain
from apps.accounts.models.domain import ancestor_paths
from apps.storage.models import DiskOffering
from apps.storage.states import OfferingState
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def kept_for_domain(domain: Domain) -> Q:
    """Offerings that accounts of ``domain`` can choose."""
    kept = DiskOffering.domains.through.objects.filter(diskoffering_id=OuterRef("pk"))
    theirs = kept.filter(domain__path__in=ancestor_paths(domain.path))
    return ~Exists(kept) | Exists(theirs)


def disk_offerings_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[DiskOffering]:
    """Public ones and those of the caller's domain and the domains above it.

    Domain administrators change what is kept for domains of their subtree only; operators everything.
    """
    offerings = DiskOffering.objects.filter(is_compute_only=False)
    if caller.is_root_admin:
        return offerings
    kept = DiskOffering.domains.through.objects.filter(diskoffering_id=OuterRef("pk"))
    if access == Access.USE:
        mine = kept.filter(domain__path__in=ancestor_paths(caller.domain_path))
        if caller.is_domain_admin:
            mine = kept.filter(
                Q(domain__path__in=ancestor_paths(caller.domain_path)) | Q(domain__path__startswith=caller.domain_path)
            )
            return offerings.filter(~Exists(kept) | Exists(mine))
        return offerings.filter(~Exists(kept) | Exists(mine), is_displayed=True, state=OfferingState.ACTIVE)
    if not caller.is_domain_admin:
        return offerings.none()
    foreign = kept.exclude(domain__path__startswith=caller.domain_path)
    return offerings.filter(Exists(kept), ~Exists(foreign))
