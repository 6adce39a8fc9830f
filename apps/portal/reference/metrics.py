"""The page of metrics: every family of figures that the platform and its plugins declare."""

from collections.abc import Iterable

from apps.portal.reference import markdown
from cloudstack.framework.metrics import Family
from cloudstack.framework.metrics.registry import collectors, counters

INTRODUCTION = """\
What is measured, whoever shows it; [watch with Prometheus](../how-to/watch-with-prometheus.md) says how to read it.
Each set of label values is a series. Figures of kind *untyped* have names that dashboards for CloudStack know, although
names of that form are those of counters elsewhere."""
READ = """\
Read by a worker about every minute; shown as they were then."""
COUNTED = """\
Counted by all processes on all machines together. They begin at nought again when the cache is emptied."""


def page() -> str:
    parts = []
    for collector in sorted(collectors(), key=lambda one: one.name):
        parts += [f"### {markdown.title(collector.name)}", _table(collector.families)]
    return markdown.page("Metrics", INTRODUCTION, "## Read", READ, *parts, "## Counted", COUNTED, _table(counters()))


def _table(families: Iterable[Family]) -> str:
    rows = [
        (markdown.code(family.name), str(family.kind), ", ".join(family.labels), markdown.sentence(family.help))
        for family in sorted(families, key=lambda one: one.name)
    ]
    return markdown.table(("name", "kind", "labels", "what it is"), rows)
