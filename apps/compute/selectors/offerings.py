"""Which service offerings and SSH keys a caller may see or change."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models.domain import ancestor_paths
from apps.accounts.selectors import owned_scope
from apps.compute.models import ServiceOffering, SshKeyPair
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def offered_to_domain(path: str) -> Q:
    """Service offerings that accounts of the domain with ``path`` can choose: public ones and those kept for them."""
    kept = ServiceOffering.domains.through.objects.filter(serviceoffering_id=OuterRef("pk"))
    return ~Exists(kept) | Exists(kept.filter(domain__path__in=ancestor_paths(path)))


def service_offerings_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ServiceOffering]:
    """Public offerings and those kept for the caller's domain or one above it.

    Domain administrators also see what is kept for domains below, and change what is kept for their subtree only.
    """
    offerings = ServiceOffering.objects.all()
    if caller.is_root_admin:
        return offerings
    kept = ServiceOffering.domains.through.objects.filter(serviceoffering_id=OuterRef("pk"))
    if access == Access.USE:
        mine = offered_to_domain(caller.domain_path)
        if caller.is_domain_admin:
            mine |= Exists(kept.filter(domain__path__startswith=caller.domain_path))
        return offerings.filter(mine)
    if not caller.is_domain_admin:
        return offerings.none()
    foreign = kept.exclude(domain__path__startswith=caller.domain_path)
    return offerings.filter(Exists(kept), ~Exists(foreign))


def ssh_key_pairs_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[SshKeyPair]:
    return owned_scope(SshKeyPair.objects.all(), caller=caller, access=access)
