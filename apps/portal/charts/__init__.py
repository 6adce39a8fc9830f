"""Charts of figures over time: what they hold, and how pages show them with and without scripts."""

from apps.portal.charts.chart import Chart, Charts, Series
from apps.portal.charts.machine import machine_charts

__all__ = ["Chart", "Charts", "Series", "machine_charts"]
