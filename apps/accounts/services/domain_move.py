"""A branch of the domain tree goes to another parent."""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Greatest, Substr

from apps.accounts import events
from apps.accounts.models import Domain, ResourceCount
from apps.accounts.models.domain import ROOT_PATH, ancestor_paths
from apps.accounts.models.limit import UNLIMITED, type_of
from apps.accounts.services.limit_rules import Counted, DomainLimits, in_count_unit, in_wire_unit
from apps.accounts.states import DomainState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, LimitExceeded, ResourceInUse
from cloudstack.framework.events.bus import publish

Check = Callable[[Domain, list[str]], Iterable[str]]
"""(the domain, paths of the domains that are above it now and will not be) → sentences on what it would lose."""

_checks: list[Check] = []


def register_move_check(check: Check) -> None:
    """Called in ``ready()`` of an app whose objects are kept for a domain and all below it."""
    if check not in _checks:
        _checks.append(check)


class DomainMover:
    """Moves domains; paths, levels and figures of all above and below follow in one transaction."""

    @transaction.atomic
    def move(self, *, caller: Caller, domain: Domain, parent: Domain) -> Domain:
        """Put ``domain``, with all below it, under ``parent``.

        Raises ``InvalidParameter`` for a place that cannot be, ``LimitExceeded`` when the domains above it there may
        not hold so much, and ``ResourceInUse`` when something in it uses what only the domains above it here may.
        """
        domain, parent = self._locked(domain, parent)
        old, new = domain.path, f"{parent.path}{domain.name}/"
        leaving = [path for path in ancestor_paths(old)[1:-1] if path not in ancestor_paths(new)]
        entering = [path for path in ancestor_paths(new)[1:-1] if path not in ancestor_paths(old)]
        lost = [sentence for check in _checks for sentence in check(domain, leaving)]
        if lost:
            raise ResourceInUse(f"domain {domain} cannot be moved: {'; '.join(lost)}", parameter="domainid")
        self._carry_counts(domain, leaving, entering)
        beneath = Domain.all_objects.filter(path__startswith=old, removed__isnull=True)
        beneath.update(
            path=Concat(Value(new), Substr("path", len(old) + 1)), level=F("level") + parent.level + 1 - domain.level
        )
        Domain.objects.filter(pk=domain.pk).update(parent=parent)
        before = str(domain)
        domain.refresh_from_db()
        publish(events.DOMAIN_MOVE, caller=caller, description=f"domain {before} moved to {domain}", resource=domain)
        return domain

    def _locked(self, domain: Domain, parent: Domain) -> tuple[Domain, Domain]:
        """Both, read anew and held. Raises ``InvalidParameter``."""
        rows = {
            row.pk: row for row in Domain.objects.select_for_update(no_key=True).filter(pk__in=(domain.pk, parent.pk))
        }
        if (len(rows) == 1 and domain.pk in rows) or domain.path == ROOT_PATH:
            what = "the domain ROOT stays where it is" if domain.path == ROOT_PATH else "a domain is not its own parent"
            raise InvalidParameter(what, parameter="domainid" if domain.path == ROOT_PATH else "parentdomainid")
        domain, parent = rows.get(domain.pk, domain), rows.get(parent.pk, parent)
        for row, parameter in ((domain, "domainid"), (parent, "parentdomainid")):
            if row.pk not in rows or row.state != DomainState.ACTIVE:
                raise InvalidParameter(f"domain {row} is being deleted", parameter=parameter)
        if parent.path.startswith(domain.path):
            raise InvalidParameter(f"domain {parent} is below {domain}: it cannot hold it", parameter="parentdomainid")
        if domain.parent_id == parent.pk:
            raise InvalidParameter(f"domain {domain} is in {parent} already", parameter="parentdomainid")
        if Domain.objects.filter(path__iexact=f"{parent.path}{domain.name}/").exists():
            raise InvalidParameter(f"there is a domain {domain.name} in {parent} already", parameter="parentdomainid")
        return domain, parent

    def _carry_counts(self, domain: Domain, leaving: list[str], entering: list[str]) -> None:
        """What the branch holds counts for other domains now. Raises ``LimitExceeded``."""
        paths = [domain.path, *leaving, *entering]
        by_path = dict(Domain.objects.filter(path__in=paths).values_list("path", "pk"))
        mine = self._counts(by_path[domain.path])
        if not mine:
            return
        missing = [
            ResourceCount(domain_id=by_path[path], type=counted.kind, tag=counted.tag)
            for path in sorted(entering)
            for counted in sorted(mine)
        ]
        ResourceCount.objects.bulk_create(missing, ignore_conflicts=True)
        # Held in the order in which reservations hold them, then read: nobody adds to any of them from here on.
        rows = ResourceCount.objects.filter(domain__in=by_path.values()).order_by("pk").select_for_update()
        held = {(row.domain_id, Counted(type_of(row.type), row.tag)): row.count for row in rows}
        limits = DomainLimits(entering)
        for counted in sorted(mine):
            amount = held.get((by_path[domain.path], counted), 0)
            where = {"type": counted.kind, "tag": counted.tag}
            for path in entering:
                limit = in_count_unit(counted.kind, limits.of_domain(path, counted))
                total = held.get((by_path[path], counted), 0) + amount
                if amount and limit != UNLIMITED and total > limit:
                    shown = [in_wire_unit(counted.kind, number) for number in (limit, total)]
                    raise LimitExceeded(
                        f"domain ROOT{path.rstrip('/')} may hold {shown[0]} of {counted}; with {domain} it would "
                        f"hold {shown[1]}"
                    )
                ResourceCount.objects.filter(domain=by_path[path], **where).update(count=F("count") + amount)
            for path in leaving:
                ResourceCount.objects.filter(domain=by_path[path], **where).update(
                    count=Greatest(F("count") - amount, Value(0))
                )

    def _counts(self, domain_pk: int) -> list[Counted]:
        """What the domain has counters of."""
        rows = ResourceCount.objects.filter(domain=domain_pk).values_list("type", "tag")
        return [Counted(type_of(kind), tag) for kind, tag in rows]
