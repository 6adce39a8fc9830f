"""Things that accounts own, and how many of them they may hold."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_owned_models():
    """Return a list of ``OwnedKind`` objects: models made from ``OwnedModel``. Commands may name their objects then,
    within the walls between tenants, and they go when their owner is deleted."""


@hookspec
def register_resource_limits():
    """Return a list of ``LimitedResource`` objects: each gives limits of accounts, projects and domains with settings
    for their defaults, which ``listResourceLimits``, ``updateResourceLimit`` and the quotas on pages know."""
