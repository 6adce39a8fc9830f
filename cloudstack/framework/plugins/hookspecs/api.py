"""Commands a plugin adds to the API."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_api_commands():
    """Return a list of command classes; they join ``/client/api``, the REST routes and ``listApis``."""
