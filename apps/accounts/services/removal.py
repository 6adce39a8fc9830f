"""What accounts own, and how it goes when they go: deleting an account, a domain or a project uses the same register.

Every app says in ``ready()`` for each of its owned models when and how a row is removed::

    register_remover(VirtualMachine, stage=Stage.MACHINES, remove=expunge_machine)   # answers the job that it starts
    register_remover(SshKeyPair, stage=Stage.OTHERS)                                 # the row alone: marked removed

and, if something can stand in the way, what that is, before anything is touched::

    register_objection(protected_machines)

What is not owned but points at an owner (a range kept for a domain) is registered the same way: its ``remove`` cuts
the tie. A test fails for a model that points at accounts or domains and is not registered.

A workflow that removes an owner takes the steps ``REMOVAL_STEPS`` of ``apps.accounts.workflows.removal`` before its
own last one, and puts ``ctx.owners`` (:class:`Owners`) into its context in ``load``; its last step calls
``remove_the_rest(ctx)`` inside which late arrivals go too. What is owned is shown beforehand by :func:`contents`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from django.db.models import Model, Q, QuerySet

from apps.accounts.models import Account, Domain
from apps.accounts.services.holdings import unregistered_holdings
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import ResourceInUse
from cloudstack.framework.jobs import AsyncJob

NAMED = 5
"""So many objects of a kind are named; of the others the number is told."""


class Stage(IntEnum):
    """When a kind goes; what stands on others goes before them."""

    PROJECTS = 1
    MACHINES = 2
    DISKS = 3
    NETWORKS = 4
    IMAGES = 5
    OTHERS = 6


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Whose things are to go. ``domains``: they go too, with what belongs to a domain and to no account in it."""

    accounts: QuerySet[Account]
    domains: QuerySet[Domain] = field(default_factory=Domain.objects.none)
    title: str
    """As in ``account seller``."""


class Remove(Protocol):
    """Removes ``row`` in the running transaction, or starts the job that does and answers it.

    Called again for a row that is still there when that job has ended. Raises ``CloudError`` when it cannot be.
    """

    def __call__(self, row: Any, *, caller: Caller) -> AsyncJob | None: ...


def mark_removed(row: Any, *, caller: Caller) -> None:
    """For rows that nothing outside the database stands behind and that count against no limit."""
    row.mark_removed()


def of_accounts(owners: Owners) -> Q:
    """The rows of an ``OwnedModel``."""
    return Q(account__in=owners.accounts.values("pk"))


@dataclass(frozen=True, kw_only=True)
class Remover:
    """How the rows of one model go."""

    model: type[Model]
    stage: Stage
    remove: Remove
    where: Callable[[Owners], Q]
    what: str = ""
    """What is taken away if not the rows themselves: ``the dedication of``."""

    def rows(self, owners: Owners) -> QuerySet[Any]:
        """What is still there, oldest first."""
        return self.model._default_manager.filter(self.where(owners)).order_by("pk")


_removers: dict[type[Model], Remover] = {}
_objections: list[Callable[[Owners], Iterable[str]]] = []
_kept: set[type[Model]] = set()


def register_remover(
    model: type[Model],
    *,
    stage: Stage,
    remove: Remove = mark_removed,
    where: Callable[[Owners], Q] = of_accounts,
    what: str = "",
) -> None:
    """Called in ``ready()`` of the app of ``model``. ``where`` finds the rows of the owners, ``account`` if left out.

    ``model`` has ``uuid`` and its default manager hides what is removed.
    """
    _removers[model] = Remover(model=model, stage=stage, remove=remove, where=where, what=what)


def register_objection(objections: Callable[[Owners], Iterable[str]], *, settles: Iterable[type[Model]] = ()) -> None:
    """``objections(owners)``: sentences on what must be settled by hand before the owners can go.

    ``settles``: models whose rows it objects to, so that they need no remover.
    """
    _kept.update(settles)
    if objections not in _objections:
        _objections.append(objections)


def register_follower(*models: type[Model]) -> None:
    """Rows of ``models`` point at owners but go with something else that does, or stay as a record."""
    _kept.update(models)


def has_remover(model: type[Model]) -> bool:
    """Whether somebody has said what becomes of the rows of ``model`` when their owner goes."""
    return model in _removers or model in _kept


def removers(*stages: Stage) -> list[Remover]:
    """In the order in which they go; of all stages if none is named."""
    wanted = [remover for remover in _removers.values() if not stages or remover.stage in stages]
    return sorted(wanted, key=lambda remover: remover.stage)


def contents(owners: Owners, *stages: Stage) -> Iterator[str]:
    """``3 virtual machines (web-1, web-2, db)``, a line for each kind that is there."""
    for remover in removers(*stages):
        rows = remover.rows(owners)
        shown = list(rows[: NAMED + 1])
        if not shown:
            continue
        count = len(shown) if len(shown) <= NAMED else rows.count()
        names = ", ".join(str(row) for row in shown[:NAMED]) + (", …" if count > NAMED else "")
        yield f"{remover.what} {count} {noun_of(remover.model, count)} ({names})".lstrip()


def noun_of(model: type[Model], count: int) -> str:
    return str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)


def ensure_removable(owners: Owners) -> None:
    """Raises ``ResourceInUse`` with what stands in the way, before anything is touched."""
    against = [sentence for objections in _objections for sentence in objections(owners)]
    # A plugin's model without a remover: better refused than left behind without an owner.
    against += [
        f"it owns {held}, which must be deleted first" for held in unregistered_holdings(owners.accounts, has_remover)
    ]
    if against:
        raise ResourceInUse(f"{owners.title} cannot be deleted: {'; '.join(against)}", parameter="id")
