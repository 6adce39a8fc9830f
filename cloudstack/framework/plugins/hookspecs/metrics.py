"""Figures that a plugin gives to whoever watches the cloud."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_metrics():
    """Return a list of ``Counter``, ``Gauge`` and ``Collector`` objects whose names begin with the plugin's and ``_``.

    A counter is counted with its ``add`` in any process; gauges and collectors are read by a worker about every minute,
    never by a request. Each says what it is (``help``), which labels it has, and how many series there may be at most.
    """
