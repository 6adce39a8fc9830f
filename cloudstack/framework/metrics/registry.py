"""All families that are measured: those of the platform and those of plugins."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.metrics.counting import Counter
from cloudstack.framework.metrics.declared import Collector, Family

Metric = Counter | Collector

_metrics: list[Metric] = []


def register(*metrics: Metric) -> None:
    """Have these measured. Raises ``ImproperlyConfigured`` when a family's name is taken."""
    for metric in metrics:
        taken = {family.name for family in families()}
        for family in _families_of(metric):
            if family.name in taken:
                raise ImproperlyConfigured(f"metric {family.name} is declared twice")
        _metrics.append(metric)


def collectors() -> list[Collector]:
    """What is read now and then: gauges and the like."""
    return [metric for metric in _metrics if isinstance(metric, Collector)]


def counters() -> list[Counter]:
    """What is counted when it happens."""
    return [metric for metric in _metrics if isinstance(metric, Counter)]


def families() -> list[Family]:
    """Every family, counters included."""
    return [family for metric in _metrics for family in _families_of(metric)]


def register_plugin_metrics() -> None:
    """Take in what plugins return from ``register_metrics``."""
    # Here: the manager of plugins counts calls of hooks, and is loaded before any of them.
    from cloudstack.framework.plugins.manager import pm

    pm.take("register_metrics", _register_of_plugin, _metrics.remove)


def _register_of_plugin(plugin: str, metric: Any) -> None:
    if not isinstance(metric, Counter | Collector):
        raise ImproperlyConfigured(f"register_metrics: {metric!r} is neither a Counter, a Gauge nor a Collector")
    for family in _families_of(metric):
        if not family.name.startswith(f"{plugin}_"):
            raise ImproperlyConfigured(f"register_metrics: the name of {family.name} must begin with {plugin}_")
    register(metric)


def _families_of(metric: Metric) -> tuple[Family, ...]:
    return metric.families if isinstance(metric, Collector) else (metric,)
