"""Counters of all processes, on all machines, kept together in the cache.

Counting costs a few microseconds: a process adds up in memory, and a thread of it takes that to the cache every other
second. When the cache forgets, counters begin at nought again, which who reads counters must expect anyway.
"""

import atexit
import hashlib
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps

from cloudstack.framework.metrics.declared import Family, Kind

log = logging.getLogger(__name__)

FLUSH_S = 2.0
OTHER = "other"
"""The value of every label of what is counted beyond the ``most`` series of a counter."""
_PREFIX = "metrics.counter"


@dataclass(frozen=True, eq=False)
class Counter(Family):
    """Something that happens, counted from any process: ``BREWED.add(size="LARGE")``.

    ``resolution`` is the smallest amount that counts: 1, or 0.000001 for seconds. What happens in a transaction is
    counted whether or not that is committed: count in ``transaction.on_commit``. When more than ``most`` different
    label values come up, the others are counted together, as ``other``.
    """

    kind: Kind = Kind.COUNTER
    resolution: float = 1

    def add(self, amount: float = 1, **labels: object) -> None:
        """Count ``amount`` of it. Raises ``ValueError`` for missing or unknown labels and for a negative amount."""
        if len(labels) != len(self.labels) or any(name not in labels for name in self.labels):
            raise ValueError(f"{self.name} has the labels ({', '.join(self.labels)}), not ({', '.join(labels)})")
        if amount < 0:
            raise ValueError(f"{self.name} is a counter and only grows; it cannot take {amount}")
        _pending.add(self, tuple(str(labels[name]) for name in self.labels), round(amount / self.resolution))


Series = tuple[str, ...]


class _Pending:
    """What this process has counted and not yet taken to the cache."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """With nothing counted: in a new process, too, whose parent takes care of what was counted before."""
        self.lock = threading.Lock()
        self.amounts: dict[Counter, dict[Series, int]] = {}
        self.thread: threading.Thread | None = None

    def add(self, counter: Counter, series: Series, amount: int) -> None:
        with self.lock:
            amounts = self.amounts.setdefault(counter, {})
            if series not in amounts and len(amounts) >= counter.most:
                series = _other(counter)
            amounts[series] = amounts.get(series, 0) + amount
            # While apps are being loaded no thread is begun: the web server forks afterwards.
            if self.thread is None and apps.ready:
                self.thread = threading.Thread(target=self._run, name="metrics", daemon=True)
                self.thread.start()

    def _run(self) -> None:
        while True:
            threading.Event().wait(FLUSH_S)
            self.flush()

    def flush(self) -> None:
        """Take everything to the cache; what it does not take is kept for the next time."""
        with self.lock:
            amounts, self.amounts = self.amounts, {}
        for counter, by_series in amounts.items():
            for series, amount in by_series.items():
                try:
                    _store(counter, series, amount)
                except Exception:  # no cache, or none that answers
                    log.debug("counts of %s wait for the cache", counter.name, exc_info=True)
                    with self.lock:
                        kept = self.amounts.setdefault(counter, {})
                        kept[series] = kept.get(series, 0) + amount


_pending = _Pending()
os.register_at_fork(after_in_child=_pending.begin)
flush = _pending.flush
"""Take what this process has counted to the cache at once."""


@atexit.register
def _at_the_end() -> None:
    if _pending.thread is not None:
        _pending.flush()


def _store(counter: Counter, series: Series, amount: int) -> None:
    from django.core.cache import cache

    if _added(_value_key(counter, series), amount):
        return
    slots = f"{_PREFIX}.{counter.name}.slots"
    if (cache.get(slots) or 0) >= counter.most and series != _other(counter):
        return _store(counter, _other(counter), amount)
    # The name before the value: a series that is known and empty harms less than one that nobody finds.
    cache.add(slots, 0, None)
    cache.set(f"{_PREFIX}.{counter.name}.{cache.incr(slots)}", series, None)
    if not cache.add(_value_key(counter, series), amount, None):
        _added(_value_key(counter, series), amount)


def _added(key: str, amount: int) -> bool:
    from django.core.cache import cache

    try:
        cache.incr(key, amount)
    except ValueError:  # nothing there yet
        return False
    return True


def _value_key(counter: Counter, series: Series) -> str:
    """Label values may be long and have any letters: keys of caches may not."""
    return f"{_PREFIX}.{counter.name}.{hashlib.blake2b(repr(series).encode(), digest_size=16).hexdigest()}"


def _other(counter: Counter) -> Series:
    return (OTHER,) * len(counter.labels)


def counted(counters: Iterable[Counter]) -> dict[Counter, dict[Series, float]]:
    """What all processes have counted; three questions to the cache, however many counters and series there are."""
    from django.core.cache import cache

    flush()
    wanted = list(counters)
    slots = cache.get_many([f"{_PREFIX}.{counter.name}.slots" for counter in wanted])
    names = {
        f"{_PREFIX}.{counter.name}.{slot}": counter
        for counter in wanted
        # One slot more than ``most`` is for the others; a race may take a few in vain.
        for slot in range(1, (slots.get(f"{_PREFIX}.{counter.name}.slots") or 0) + 1)
    }
    series = {
        _value_key(names[key], tuple(values)): (names[key], tuple(values))
        for key, values in cache.get_many(list(names)).items()
    }
    found: dict[Counter, dict[Series, float]] = {counter: {} for counter in wanted}
    for key, amount in cache.get_many(list(series)).items():
        counter, values = series[key]
        found[counter][values] = amount * counter.resolution
    return found
