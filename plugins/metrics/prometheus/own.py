"""What the exporter says of itself, and the counters that all processes share: made at each scrape, of the cache."""

from collections.abc import Iterable

from cloudstack.plugin.metrics import Family, Kind, collectors, counted, counters
from plugins.metrics.prometheus.snapshots import Reading
from plugins.metrics.prometheus.text import Lines, head

UP = Family(
    "cloudstack_exporter_collector_up",
    "Whether figures of this kind were read, and without an error, when that was tried last.",
    ("collector",),
)
READ_AT = Family(
    "cloudstack_exporter_collector_timestamp_seconds", "When figures of this kind were read last.", ("collector",)
)
TOOK = Family("cloudstack_exporter_collector_duration_seconds", "How long that took.", ("collector",))
SERIES = Family("cloudstack_exporter_series", "Series that are shown, by name.", ("family",))
CUT = Family(
    "cloudstack_exporter_series_cut",
    "Series that are left out, by name, because there are more than prometheus.exporter.series.max or than the "
    "family may have.",
    ("family",),
)
FAMILIES = (UP, READ_AT, TOOK, SERIES, CUT)


def of_itself(readings: dict[str, Reading]) -> Iterable[str]:
    """The exporter's own figures. A collector that was not read for long is not up."""
    rows: dict[Family, list[tuple[tuple[str, ...], float]]] = {family: [] for family in FAMILIES}
    for collector in sorted(collectors(), key=lambda one: one.name):
        reading = readings.get(collector.name)
        rows[UP].append(((collector.name,), float(reading is not None and not reading.error)))
        if reading is None:
            continue
        rows[READ_AT].append(((collector.name,), reading.moment))
        rows[TOOK].append(((collector.name,), reading.seconds))
        for family, count in sorted(reading.series.items()):
            rows[SERIES].append(((family,), count))
            rows[CUT].append(((family,), reading.cut.get(family, 0)))
    for family, figures in rows.items():
        yield from _written(family, figures)


def of_counters() -> Iterable[str]:
    """All counters; three questions to the cache."""
    for family, figures in sorted(counted(counters()).items(), key=lambda item: item[0].name):
        yield from _written(family, sorted(figures.items()))


def _written(family: Family, figures: list[tuple[tuple[str, ...], float]]) -> Iterable[str]:
    # A counter without labels is nought before anything was counted; of others no label values are known yet.
    if not figures and family.kind is Kind.COUNTER and not family.labels:
        figures = [((), 0.0)]
    if figures:
        write = Lines(family).write
        yield head(family)
        yield from (write(values, figure) for values, figure in figures)
