"""How plugins say whether they are well."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_health_checks():
    """Return a list of ``HealthCheck`` objects: a worker asks each of them every five minutes, and the page of plugins
    shows the answers. A check returns nothing when all is well, else a sentence that says what is not."""
