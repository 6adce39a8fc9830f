"""Which network offerings a caller may see."""

from django.db.models import Q, QuerySet

from apps.accounts.models import Domain
from apps.accounts.models.domain import ancestor_paths
from apps.network.models import NetworkOffering
from apps.network.states import OfferingState
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def offerings_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[NetworkOffering]:
    """Operators have all offerings; others use the enabled ones for all domains, for theirs, or for one above."""
    offerings = NetworkOffering.objects.all()
    if caller.is_root_admin:
        return offerings
    if access != Access.USE:
        return offerings.none()
    limited = NetworkOffering.domains.through.objects
    mine = Domain.objects.filter(path__in=ancestor_paths(caller.domain_path)).values("pk")
    return offerings.filter(
        ~Q(pk__in=limited.values("networkoffering_id"))
        | Q(pk__in=limited.filter(domain_id__in=mine).values("networkoffering_id")),
        state=OfferingState.ENABLED,
    )
