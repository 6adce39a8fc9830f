"""Figures of plugins; see the hook ``register_metrics``. The rest is for plugins that export what is measured."""

from cloudstack.framework.metrics import Collector, Counter, Family, Gauge, Kind, Sample
from cloudstack.framework.metrics.counting import counted
from cloudstack.framework.metrics.registry import collectors, counters, families

__all__ = [
    "Collector",
    "Counter",
    "Family",
    "Gauge",
    "Kind",
    "Sample",
    "collectors",
    "counted",
    "counters",
    "families",
]
