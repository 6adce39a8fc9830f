"""What can be measured: declared here by the apps and by plugins, whoever shows it.

``declared`` says what a family of figures is, ``counting`` keeps the counters of all processes together, ``registry``
knows everything that was declared. Nothing here knows Prometheus; an exporter is a plugin.
"""

from cloudstack.framework.metrics.counting import Counter
from cloudstack.framework.metrics.declared import Collector, Family, Gauge, Kind, Sample
from cloudstack.framework.metrics.registry import register

__all__ = ["Collector", "Counter", "Family", "Gauge", "Kind", "Sample", "register"]
