"""Places kept for one domain or account: only its machines are placed there, and they are placed there first."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from apps.accounts.models import Account, Domain
from apps.accounts.services.ownership import resolve_owner
from apps.infrastructure.events import DEDICATE, DEDICATE_RELEASE
from apps.infrastructure.models import Cluster, Dedication, Host, Pod, Zone
from apps.infrastructure.selectors.dedications import (
    dedication_of,
    dedications_around,
    dedications_inside,
    hosts_in,
)
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.models import CloudModel, on_removal

Place = Zone | Pod | Cluster | Host
MODELS: dict[str, type[Place]] = {"zone": Zone, "pod": Pod, "cluster": Cluster, "host": Host}

Strangers = Callable[..., int]
_strangers: Strangers | None = None


def register_strangers(count: Strangers) -> None:
    """Register ``count(*, hosts, domain, account) -> machines`` on these hosts that belong to somebody else."""
    global _strangers
    _strangers = count


class DedicationManager:
    """Intent on dedications; root admins only."""

    @transaction.atomic
    def dedicate(self, *, caller: Caller, place: Place, domain: Domain, account_name: str = "") -> AsyncJob:
        """Keep ``place`` for ``domain`` and those below it, or for one account of it.

        Raises ``InvalidParameter`` where another dedication is in the way, ``ResourceInUse`` while machines of
        others run there.
        """
        account = resolve_owner(caller, account_name, domain) if account_name else None
        check(place, domain, account)
        return self._dispatch(
            "infrastructure.dedicate",
            caller,
            place,
            DEDICATE,
            f"keeping {kind_of(place)} {place} for {account or domain}",
            domain_uuid=str(domain.uuid),
            account_uuid=str(account.uuid) if account else "",
        )

    @transaction.atomic
    def release(self, *, caller: Caller, place: Place) -> AsyncJob:
        """Open ``place`` for everybody again. Raises ``InvalidParameter`` when it is not dedicated itself."""
        if dedication_of(place) is None:
            raise InvalidParameter(f"{kind_of(place)} {place} is not dedicated", parameter=f"{kind_of(place)}id")
        return self._dispatch(
            "infrastructure.release_dedication",
            caller,
            place,
            DEDICATE_RELEASE,
            f"opening {kind_of(place)} {place} for everybody",
        )

    def _dispatch(self, name: str, caller: Caller, place: Place, event: str, text: str, **arguments: str) -> AsyncJob:
        return dispatch(
            name,
            caller=caller,
            exclusive=[f"dedication:{place.uuid}"],
            resource=place,
            arguments={"kind": kind_of(place), "place_uuid": str(place.uuid), **arguments},
            description=text,
            event_type=event,
        )


def kind_of(place: Place) -> str:
    """``zone``, ``pod``, ``cluster`` or ``host``."""
    return type(place).__name__.lower()


def check(place: Place, domain: Domain, account: Account | None) -> None:
    """Refuse what is kept for others, holds what is kept for others, or carries machines of others."""
    kind = kind_of(place)
    known = dedication_of(place)
    if known is not None:
        raise InvalidParameter(
            f"{kind} {place} is kept for {known.account or known.domain} already; release it first",
            parameter=f"{kind}id",
        )
    for outer in dedications_around(place):
        if not _within(outer, domain, account):
            raise InvalidParameter(
                f"{kind} {place} stands in a {outer.kind} that is kept for {outer.account or outer.domain}",
                parameter="account" if outer.account else "domainid",
            )
    for inner in dedications_inside(place):
        if not (inner.account_id == account.pk if account else inner.domain.path.startswith(domain.path)):
            raise InvalidParameter(
                f"a {inner.kind} in {kind} {place} is kept for {inner.account or inner.domain}; release it first",
                parameter=f"{kind}id",
            )
    count = _strangers(hosts=hosts_in(place), domain=domain, account=account) if _strangers else 0
    if count:
        raise ResourceInUse(
            f"{count} machines of others are in {kind} {place}; move them away first", parameter=f"{kind}id"
        )


def _within(outer: Dedication, domain: Domain, account: Account | None) -> bool:
    if outer.account_id:
        return account is not None and account.pk == outer.account_id
    return domain.path.startswith(outer.domain.path)


def store(place: Place, domain: Domain, account: Account | None) -> Dedication:
    """Write the dedication down; in a transaction, after :func:`check`. A zone shows itself to its keepers only."""
    dedication: Dedication = Dedication.objects.create(**{kind_of(place): place}, domain=domain, account=account)
    if isinstance(place, Zone):
        Zone.objects.filter(pk=place.pk).update(domain=domain)
    return dedication


def drop(place: Any) -> bool:
    """Forget the dedication of ``place``; False when there is none."""
    gone, _ = Dedication.objects.filter(**{kind_of(place): place}).delete()
    if isinstance(place, Zone):
        Zone.objects.filter(pk=place.pk).update(domain=None)
    return bool(gone)


def dedicate_new_zone(*, caller: Caller, zone: Zone, domain: Domain) -> None:
    """A zone that is born for a domain."""
    store(zone, domain, None)
    publish(DEDICATE, caller=caller, description=f"zone {zone} is kept for {domain}", resource=zone)


def open_zone(*, caller: Caller, zone: Zone) -> None:
    """Open a zone for everybody; nothing happens when it is."""
    if drop(zone):
        publish(DEDICATE_RELEASE, caller=caller, description=f"zone {zone} is open for everybody", resource=zone)


def _forget(row: CloudModel) -> None:
    """A place that is gone is kept for nobody."""
    if isinstance(row, tuple(MODELS.values())):
        drop(row)


on_removal(_forget)
