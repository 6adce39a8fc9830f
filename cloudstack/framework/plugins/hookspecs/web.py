"""Paths of the web server that a plugin answers."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_urls():
    """Return a list of Django's ``path(…)``: doors that are neither commands nor pages of the portal or the admin.

    The first word of each path must not be taken by the platform or another plugin. Who may enter is for the plugin's
    view to decide; it must answer strangers with nothing.
    """
