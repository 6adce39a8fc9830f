"""Reads what is measured, in a worker: no scrape ever waits for the database."""

import logging
import time
from collections.abc import Mapping

from cloudstack.plugin.metrics import Collector, Family, collectors
from plugins.metrics.prometheus import snapshots
from plugins.metrics.prometheus.config import ENABLED, INTERVAL_S, MOST_SERIES
from plugins.metrics.prometheus.text import Packed

log = logging.getLogger(__name__)

TICK_S = 15
LIMIT_S = 600
_MOST_LETTERS = 300


def sample() -> int:
    """Read every collector whose time has come; answers how many were read."""
    if not ENABLED.value():
        return 0
    known = snapshots.readings()
    now = time.time()
    due = [one for one in collectors() if one.name not in known or _is_due(one, known[one.name], now)]
    for collector in due:
        read(collector)
    return len(due)


def _is_due(collector: Collector, last: snapshots.Reading, now: float) -> bool:
    # Half a tick early rather than nearly a whole one late.
    return now - last.moment >= max(collector.every_s, INTERVAL_S.value()) - TICK_S / 2


def read(collector: Collector) -> snapshots.Reading:
    """Read one collector and keep what it says. One that fails takes its own figures away and no others."""
    moment, begun = time.time(), time.perf_counter()
    most = MOST_SERIES.value()
    packed = {family: Packed(family, min(family.most, most)) for family in collector.families}
    error, texts, cut = "", {}, {}
    try:
        cut = _fill(collector, packed)
        texts = {family.name: text.finish() for family, text in packed.items() if text.series}
    except Exception as failure:  # whatever a plugin's reader does wrong
        log.exception("figures of %s could not be read", collector.name)
        error = f"{type(failure).__name__}: {failure}"[:_MOST_LETTERS]
    snapshots.drop(family for family in collector.families if family.name not in texts)
    reading = snapshots.Reading(
        collector=collector.name,
        moment=moment,
        seconds=time.perf_counter() - begun,
        error=error,
        series={} if error else {family.name: text.series for family, text in packed.items()},
        cut=cut,
    )
    snapshots.store(reading, texts)
    return reading


def _fill(collector: Collector, packed: Mapping[Family, Packed]) -> dict[str, int]:
    """Write what the collector reads, as far as there is room; answers how many series were left out, by family."""
    room = True
    for family, values, figure in collector.read():
        room = packed[family].add(values, figure)
        if not room and collector.totals is not None:
            break
    if room or collector.totals is None:
        return {family.name: text.cut for family, text in packed.items() if text.cut}
    return {
        family.name: total - packed[family].series
        for family, total in collector.totals().items()
        if total > packed[family].series
    }
