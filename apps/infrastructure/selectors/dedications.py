"""Which places are kept for whom."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from apps.infrastructure.models import Cluster, Dedication, Host, Pod, Zone
from cloudstack.api import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.statements import Statement


@dataclass(frozen=True)
class Keeper:
    """For whom a place is kept: an account, or else all of a domain and below."""

    domain_path: str
    account_uuid: str = ""

    def admits(self, *, domain_path: str, account_uuid: str) -> bool:
        """Whether this account, of the domain with this path, may use the place."""
        if self.account_uuid:
            return self.account_uuid == account_uuid
        return bool(domain_path) and domain_path.startswith(self.domain_path)


def dedications_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Dedication]:
    """Dedications are the operators' business."""
    return Dedication.objects.all() if caller.is_root_admin else Dedication.objects.none()


def keepers_in(zone_uuid: str) -> dict[str, Keeper]:
    """UUIDs of the dedicated places of a zone, itself included, and for whom they are kept; one small statement."""
    rows = _IN_ZONE.rows(zone=UUID(zone_uuid))
    return {str(place): Keeper(path, str(account) if account else "") for place, path, account in rows}


def _in_zone(*, zone: UUID) -> QuerySet[Any, Any]:
    where = Q(zone__uuid=zone) | Q(pod__zone__uuid=zone) | Q(cluster__pod__zone__uuid=zone) | Q(host__zone__uuid=zone)
    place = Coalesce("host__uuid", "cluster__uuid", "pod__uuid", "zone__uuid")
    return Dedication.objects.filter(where).order_by("pk").values_list(place, F("domain__path"), F("account__uuid"))


_IN_ZONE = Statement(_in_zone)


def dedication_of(place: Zone | Pod | Cluster | Host) -> Dedication | None:
    """The dedication of the place itself, not of what it stands in."""
    kind = type(place).__name__.lower()
    return Dedication.objects.select_related("domain", "account").filter(**{kind: place}).first()


def dedications_around(place: Zone | Pod | Cluster | Host) -> QuerySet[Dedication]:
    """Dedications of what ``place`` stands in."""
    around = Q(pk__in=[])
    if isinstance(place, Host):
        around = Q(cluster=place.cluster_id) | Q(pod=place.pod_id) | Q(zone=place.zone_id)
    elif isinstance(place, Cluster):
        around = Q(pod=place.pod_id) | Q(zone=place.pod.zone_id)
    elif isinstance(place, Pod):
        around = Q(zone=place.zone_id)
    return Dedication.objects.select_related("domain", "account").filter(around).order_by("pk")


def dedications_inside(place: Zone | Pod | Cluster | Host) -> QuerySet[Dedication]:
    """Dedications of what stands in ``place``."""
    inside = Q(pk__in=[])
    if isinstance(place, Zone):
        inside = Q(pod__zone=place) | Q(cluster__pod__zone=place) | Q(host__zone=place)
    elif isinstance(place, Pod):
        inside = Q(cluster__pod=place) | Q(host__pod=place)
    elif isinstance(place, Cluster):
        inside = Q(host__cluster=place)
    return Dedication.objects.select_related("domain", "account").filter(inside).order_by("pk")


def hosts_in(place: Zone | Pod | Cluster | Host) -> QuerySet[Host]:
    """The hosts of a place; a host is its own."""
    if isinstance(place, Host):
        return Host.objects.filter(pk=place.pk)
    return Host.objects.filter(**{type(place).__name__.lower(): place})
