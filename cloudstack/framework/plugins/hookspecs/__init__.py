"""Hook specifications by subject. Arguments are keywords: a plugin names only those that it wants."""

from cloudstack.framework.plugins.hookspecs import (
    access,
    alerts,
    api,
    doctor,
    drivers,
    events,
    health,
    hosts,
    jobs,
    login,
    networks,
    placement,
    responses,
    settings,
)

ALL = (
    access,
    alerts,
    api,
    doctor,
    drivers,
    events,
    health,
    hosts,
    jobs,
    login,
    networks,
    placement,
    responses,
    settings,
)
