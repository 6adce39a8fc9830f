"""How many machines accounts have by state: the app of the machines registers who counts them."""

from collections.abc import Callable, Collection, Mapping

Machines = Callable[[Collection[int]], Mapping[int, tuple[int, int]]]
"""Primary keys of accounts → (machines that run, machines that are stopped); accounts without any may be missing."""

_count: Machines | None = None


def register_machines(count: Machines) -> None:
    """Called once, when all apps are ready."""
    global _count
    _count = count


def machines_of(account_pks: Collection[int]) -> Mapping[int, tuple[int, int]]:
    """One statement for all accounts."""
    return _count(account_pks) if _count is not None else {}
