"""Figures as they were read last, in the cache that all processes share."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.core.cache import cache

from cloudstack.plugin.metrics import Collector, Family, collectors
from plugins.metrics.prometheus.config import ENABLED, INTERVAL_S

KEPT_INTERVALS = 5
"""Older figures are shown no more: a graph that ends says more than one that stands still."""


@dataclass(frozen=True)
class Reading:
    """How it went when a collector was read last. ``moment`` is in seconds since 1970."""

    collector: str
    moment: float
    seconds: float
    error: str = ""
    series: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    """By family: how many series were left out. Families of which none was are not in it."""


def store(reading: Reading, texts: dict[str, bytes]) -> None:
    """Keep a reading and the packed texts of its families; those that it did not bring are gone."""
    kept_s = KEPT_INTERVALS * INTERVAL_S.value()
    cache.set_many({_text_key(name): text for name, text in texts.items()}, kept_s)
    cache.set(_reading_key(reading.collector), reading, kept_s)


def drop(families: Iterable[Family]) -> None:
    cache.delete_many([_text_key(family.name) for family in families])


def readings() -> dict[str, Reading]:
    """By collector; those that were not read for long are missing. One question to the cache."""
    keys = {_reading_key(collector.name): collector.name for collector in collectors()}
    return {keys[key]: reading for key, reading in cache.get_many(list(keys)).items()}


def texts(wanted: Iterable[Collector]) -> Iterator[bytes]:
    """Packed texts of all families of these collectors, one after the other: all at once they may be large."""
    for name in sorted(family.name for collector in wanted for family in collector.families):
        text = cache.get(_text_key(name))
        if text is not None:
            yield text


def trouble() -> str:
    """What is wrong with the figures, in a sentence; empty when nothing is."""
    if not ENABLED.value():
        return ""
    found = readings()
    missing = sorted(collector.name for collector in collectors() if collector.name not in found)
    failed = sorted(name for name, reading in found.items() if reading.error)
    late_s = time.time() - min((reading.moment for reading in found.values()), default=time.time())
    parts = [
        f"not read yet, or not for long: {', '.join(missing)}" if missing else "",
        *(f"{name} failed: {found[name].error}" for name in failed),
        f"the oldest figures are {late_s:.0f} s old" if late_s > 3 * INTERVAL_S.value() else "",
    ]
    return "; ".join(filter(None, parts))


def _text_key(family: str) -> str:
    return f"prometheus.text.{family}"


def _reading_key(collector: str) -> str:
    return f"prometheus.reading.{collector.replace(' ', '_')}"
