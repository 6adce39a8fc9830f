"""Network elements a plugin brings."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_network_elements():
    """Return ``{"VirtualRouter": Element}``: provider name to element class, made without arguments."""
