"""How many networks and public addresses accounts have in truth, for the recount of limits."""

from collections.abc import Collection, Mapping

from django.db.models import Count

from apps.accounts.models import ResourceType
from apps.accounts.services.counting import register_counter
from apps.network.models import Network, PublicIpAddress
from apps.network.states import GuestType


def register() -> None:
    """Called once, when all apps are ready."""
    register_counter(ResourceType.NETWORK, networks_of)
    register_counter(ResourceType.PUBLIC_IP, public_ips_of)


def networks_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Networks of each account; shared ones are the operator's and count for nobody."""
    rows = Network.objects.filter(account__in=account_pks).exclude(guest_type=GuestType.SHARED)
    return dict(rows.order_by().values_list("account").annotate(Count("pk")))


def public_ips_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Public addresses of each account, reserved ones included."""
    rows = PublicIpAddress.objects.filter(account__in=account_pks)
    return dict(rows.order_by().values_list("account").annotate(Count("pk")))
