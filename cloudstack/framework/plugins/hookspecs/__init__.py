"""Hook specifications by subject. Arguments are keywords: a plugin names only those that it wants."""

from cloudstack.framework.plugins.hookspecs import (
    api,
    drivers,
    events,
    health,
    hosts,
    jobs,
    metrics,
    networks,
    placement,
    settings,
    web,
)

ALL = (api, drivers, events, health, hosts, jobs, metrics, networks, placement, settings, web)
