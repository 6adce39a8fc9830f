"""Quotas: what is asked for is taken from all limits at once, or refused with the limit that stands in the way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BigIntegerField, Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest

from apps.accounts import events
from apps.accounts.config import ACCOUNT_LIMITS, DOMAIN_LIMITS, PROJECT_LIMITS
from apps.accounts.models import Account, AccountType, Domain, Project, ResourceCount, ResourceLimit, ResourceType
from apps.accounts.models.domain import ROOT_PATH, ancestor_paths
from apps.accounts.models.limit import COUNTED_IN_BYTES, UNLIMITED
from apps.accounts.services.reach import ensure_reach
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, LimitExceeded, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.rehearsal import current
from cloudstack.framework.transactions import joined

GIB = 1024**3

Amounts = Mapping[ResourceType, int]
"""Pieces, CPUs, MiB of memory, bytes of storage."""


@dataclass(frozen=True, slots=True)
class _Counter:
    """One locked row of :class:`ResourceCount` with the limit that holds for it."""

    pk: int
    kind: ResourceType
    domain_id: int | None
    count: int
    limit: int
    """In the unit of the count; -1 is none."""


class LimitManager:
    """Reserves and releases amounts, and changes limits.

    ``reserve`` and ``release`` belong to the transaction of the service that makes or removes the things:
    they take no caller because the owner pays, whoever calls. They may be called several times in it, in any order.
    """

    def reserve(self, account: Account, amounts: Amounts) -> None:
        """Add ``amounts`` to the account and the domains above it; raises ``LimitExceeded`` and adds nothing."""
        wanted = _positive(amounts)
        if not wanted:
            return
        with joined():
            counters = self._locked(account, wanted)
            for counter in counters:
                asked = wanted[counter.kind]
                if counter.limit != UNLIMITED and counter.count + asked > counter.limit:
                    raise LimitExceeded(_refusal(account, counter, asked))
            room = Q(pk__in=[counter.pk for counter in counters if counter.limit == UNLIMITED])
            for counter in counters:
                if counter.limit != UNLIMITED:
                    room |= Q(pk=counter.pk, count__lte=counter.limit - wanted[counter.kind])
            changed = ResourceCount.objects.filter(room).update(count=F("count") + _by_type(wanted))
            if changed != len(counters):
                transaction.set_rollback(True)
                raise LimitExceeded(f"A limit of account {account.name} was reached in the meantime; nothing was taken")

    def release(self, account: Account, amounts: Amounts) -> None:
        """Give ``amounts`` back; a count never falls below nought."""
        given = _positive(amounts)
        if not given:
            return
        with joined():
            counters = self._locked(account, given, of_the_living=False)
            ResourceCount.objects.filter(pk__in=[counter.pk for counter in counters]).update(
                count=Greatest(F("count") - _by_type(given), Value(0))
            )

    def adjust(self, account: Account, changes: Amounts) -> None:
        """Reserve what grows and release what shrinks, as when a machine is resized."""
        with joined():
            self.reserve(account, {kind: amount for kind, amount in changes.items() if amount > 0})
            self.release(account, {kind: -amount for kind, amount in changes.items() if amount < 0})

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        kind: ResourceType,
        maximum: int,
        account: Account | None = None,
        domain: Domain | None = None,
    ) -> ResourceLimit:
        """Set the limit of an account or a domain; -1 is none. A limit below the present count stops growth only."""
        if maximum < UNLIMITED:
            raise InvalidParameter(f"max is {maximum}; give -1 for no limit, or nought or more", parameter="max")
        if account is not None:
            ensure_reach(caller, account=account)
            if account.type == AccountType.ADMIN:
                raise InvalidParameter(f"account {account.name} is a root admin's and has no limits")
            if not caller.is_root_admin and account.pk == caller.account_id:
                raise PermissionDenied("You cannot change the limits of your own account")
            if not caller.is_root_admin and not account.domain.path.startswith(caller.domain_path):
                # A member of the project from elsewhere.
                raise PermissionDenied("Only an administrator of its domain can change the limits of a project")
        elif domain is not None:
            if domain.path == ROOT_PATH:
                raise InvalidParameter("the domain ROOT has no limits", parameter="domainid")
            if not caller.is_root_admin and not (caller.is_domain_admin and _above(caller, domain)):
                raise PermissionDenied(f"Only an administrator above domain {domain} can change its limits")
        else:
            raise InvalidParameter("give an account or a domain")
        limit, _ = ResourceLimit.objects.update_or_create(
            account=account, domain=None if account else domain, type=kind, defaults={"max": maximum}
        )
        whose = f"account {account}" if account else f"domain {domain}"
        publish(
            events.RESOURCE_LIMIT_UPDATE,
            caller=caller,
            description=f"limit of {kind.label} of {whose} set to {'unlimited' if maximum == UNLIMITED else maximum}",
            resource=account or domain,
            account_uuid=account.uuid if account else None,
        )
        return limit

    def _locked(self, account: Account, kinds: Amounts, *, of_the_living: bool = True) -> list[_Counter]:
        try:
            with transaction.atomic():
                return self._complete(account, kinds)
        except _CountersMissing:
            # The locks are given back with the savepoint: whoever waits for a row that another is just inserting must
            # hold none, because that other may be waiting for it.
            if not Account.objects.select_for_update().filter(pk=account.pk).exists():
                if of_the_living:
                    raise ResourceInUse(f"account {account.name} has been deleted in the meantime") from None
                return []
            _make_missing(account)
            return self._complete(account, kinds)

    def _complete(self, account: Account, kinds: Amounts) -> list[_Counter]:
        """All counters of the owners, locked. Raises ``_CountersMissing``."""
        counters = self._counters(account, kinds)
        if len(counters) != len(ancestor_paths(account.domain.path)) * len(kinds):
            raise _CountersMissing
        return counters

    def _counters(self, account: Account, kinds: Amounts) -> list[_Counter]:
        # All rows of the owners are locked, in one order, and not only those of the kinds asked for: a transaction
        # that has come through here once never waits in a later call, so that no two can wait for each other.
        rows = (
            ResourceCount.objects.filter(
                Q(account_id=account.pk) | Q(domain__in=_limited_domains(account).values("pk"))
            )
            .annotate(own_limit=_own_limit())
            .order_by("pk")
            .select_for_update()
            .values_list("pk", "type", "domain_id", "count", "own_limit")
        )
        free = account.type == AccountType.ADMIN or account.is_system
        holder = holder_of(account)
        counters = [
            _Counter(
                pk=pk,
                kind=ResourceType(kind),
                domain_id=domain_id,
                count=count,
                limit=UNLIMITED if free else in_force(ResourceType(kind), own, Domain if domain_id else holder),
            )
            for pk, kind, domain_id, count, own in rows
            if kind in kinds
        ]
        if (rehearsal := current()) is not None:
            for counter in counters:
                rehearsal.counters.setdefault(counter.pk, counter.count)
        return counters


def counters_with_limits(counters: QuerySet[ResourceCount]) -> Iterator[tuple[ResourceCount, int]]:
    """Counters in a steady order, each with the limit that holds for it in the unit of the count; -1 is none."""
    rows = counters.select_related("account", "domain").annotate(own_limit=_own_limit())
    for row in rows.order_by("account_id", "domain_id", "type"):
        owner = row.account
        free = owner is not None and (owner.type == AccountType.ADMIN or owner.is_system)
        holder = holder_of(owner or row.domain)
        yield row, UNLIMITED if free else in_force(ResourceType(row.type), row.own_limit, holder)


Holder = type[Account] | type[Domain] | type[Project]


def holder_of(owner: Account | Domain) -> Holder:
    """Whose default limits hold for ``owner``."""
    return Project if isinstance(owner, Account) and owner.type == AccountType.PROJECT else type(owner)


def in_force(kind: ResourceType, own: int | None, of: Holder) -> int:
    """The limit that holds, in the unit of counts: the row's ``own`` or the default of the settings."""
    limit = own if own is not None else default_limit(kind, of=of)
    return limit * GIB if limit > 0 and kind in COUNTED_IN_BYTES else limit


def default_limit(kind: ResourceType, *, of: Holder) -> int:
    """The limit that the settings give to whoever has none of his own; -1 is none. Storage in GiB."""
    if of is Project and kind not in PROJECT_LIMITS:
        return 0  # a project has no projects
    return int({Account: ACCOUNT_LIMITS, Domain: DOMAIN_LIMITS, Project: PROJECT_LIMITS}[of][kind].value())


def in_wire_unit(kind: ResourceType, amount: int) -> int:
    """A count as clients know it: storage in GiB, everything else as it is."""
    return -(-amount // GIB) if kind in COUNTED_IN_BYTES else amount


def _above(caller: Caller, domain: Domain) -> bool:
    return domain.path.startswith(caller.domain_path) and domain.path != caller.domain_path


def _limited_domains(account: Account) -> QuerySet[Domain]:
    """The account's domain and those above it, without ROOT, which has no limits: its row would be everyone's."""
    return Domain.objects.filter(path__in=ancestor_paths(account.domain.path)[1:])


def _own_limit() -> Subquery:
    same_owner = Q(account_id=OuterRef("account_id")) | Q(domain_id=OuterRef("domain_id"))
    return Subquery(ResourceLimit.objects.filter(same_owner, type=OuterRef("type")).values("max")[:1])


def _by_type(amounts: Amounts) -> Case:
    return Case(
        *(When(type=kind, then=Value(amount)) for kind, amount in amounts.items()),
        default=Value(0),
        output_field=BigIntegerField(),
    )


def _positive(amounts: Amounts) -> dict[ResourceType, int]:
    if any(amount < 0 for amount in amounts.values()):
        raise ValueError("amounts are never negative; use adjust")
    return {ResourceType(kind): amount for kind, amount in sorted(amounts.items()) if amount}


class _CountersMissing(Exception):
    """Some counter of an owner is not there yet."""


def _make_missing(account: Account) -> None:
    """Counters are born at the first reservation, those of all kinds at once and in one order everywhere.

    Whoever comes second finds them. A later call in the same transaction, which holds locks, misses none.
    """
    rows = [ResourceCount(account=account, type=kind) for kind in ResourceType]
    domains = _limited_domains(account).order_by("path")
    rows += [ResourceCount(domain=domain, type=kind) for domain in domains for kind in ResourceType]
    ResourceCount.objects.bulk_create(rows, ignore_conflicts=True)


def _refusal(account: Account, counter: _Counter, asked: int) -> str:
    kind = counter.kind
    if counter.domain_id:
        domain = Domain.objects.get(pk=counter.domain_id)
        whose = f"domain {domain.shown_path} (with all below it)"
    elif account.type == AccountType.PROJECT:
        whose = f"project {account.project.name} in domain {account.domain.shown_path}"
    else:
        whose = f"account name={account.name} in domain {account.domain.shown_path}"
    unit = {ResourceType.MEMORY: " MiB"}.get(kind, " GiB" if kind in COUNTED_IN_BYTES else "")
    limit, used, more = (in_wire_unit(kind, amount) for amount in (counter.limit, counter.count, asked))
    return (
        f"Maximum number of resources of type '{kind.label}' for {whose} has been exceeded: "
        f"limit {limit}{unit}, used {used}{unit}, asked {more}{unit}"
    )
