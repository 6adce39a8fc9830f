"""Ways on which alerts reach people, beside mail."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_alert_channels():
    """Return a list of ``AlertChannel`` objects: a worker gives each of them the new alerts, every minute. One that
    raises gets the same alerts again, for a day.
    """
