"""Where machines go: filters refuse hosts with a reason, weighers prefer, and a plugin may decide."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_host_filters():
    """Return a list of ``HostFilter`` objects that join those of the core."""


@hookspec
def register_host_weighers():
    """Return a list of ``HostWeigher`` objects that join those of the core."""


@hookspec(firstresult=True)
def choose_host(request, candidates):
    """Return the UUID of one of the fitting ``candidates`` (best first), or None to leave it to the next plugin."""


@hookspec
def register_affinity_types():
    """Return ``{"rack anti-affinity": RackAntiAffinity()}``: the name of a type of affinity groups to the type."""
