"""What keeps a zone, a host and their like from being deleted; apps above add their own reasons."""

from collections.abc import Callable, Iterable

from django.db.models import Model

from cloudstack.framework.errors import ResourceInUse

Guard = Callable[[Model], Iterable[str]]
_guards: dict[type[Model], list[Guard]] = {}


def register_guard(model: type[Model], guard: Guard) -> None:
    """Register ``guard(instance) -> sentences`` against deletion, such as "2 storage pools are in it"."""
    known = _guards.setdefault(model, [])
    if guard not in known:
        known.append(guard)


def refuse_when_used(instance: Model) -> None:
    """Raise ``ResourceInUse`` with all reasons against deleting ``instance``."""
    reasons = [reason for guard in _guards.get(type(instance), []) for reason in guard(instance)]
    if reasons:
        kind = type(instance)._meta.verbose_name
        raise ResourceInUse(f"{kind} {instance} cannot be deleted: {'; '.join(reasons)}")
