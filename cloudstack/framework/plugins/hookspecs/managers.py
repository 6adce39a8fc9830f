"""What a plugin keeps going as long as the portal runs."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_managers():
    """Return a list of ``Manager`` objects: each is configured once when all apps are ready, started in every process
    that answers requests or carries out jobs, and stopped when that process ends."""
