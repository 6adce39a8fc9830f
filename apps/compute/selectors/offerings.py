"""Which service offerings and SSH keys a caller may see or change."""

from django.db.models import Q, QuerySet

from apps.accounts.models import Domain
from apps.accounts.models.domain import ancestor_paths
from apps.accounts.selectors import owned_scope
from apps.compute.models import ServiceOffering, SshKeyPair
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def service_offerings_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[ServiceOffering]:
    """Public offerings and those kept for the caller's domain or one above it; only root admins change them."""
    offerings = ServiceOffering.objects.all()
    if caller.is_root_admin:
        return offerings
    if access != Access.USE:
        return offerings.none()
    above = Domain.objects.filter(path__in=ancestor_paths(caller.domain_path)).values("pk")
    kept_for = ServiceOffering.domains.through.objects.filter(domain__in=above).values("serviceoffering")
    return offerings.filter(Q(domains__isnull=True) | Q(pk__in=kept_for)).distinct()


def ssh_key_pairs_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[SshKeyPair]:
    return owned_scope(SshKeyPair.objects.all(), caller=caller, access=access)
