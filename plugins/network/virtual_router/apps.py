"""The plugin as a Django app. It has no tables: the hosts' agents know what runs there."""

from cloudstack.plugin import PluginConfig


class VirtualRouterConfig(PluginConfig):
    name = "plugins.network.virtual_router"
    label = "virtual_router"
    verbose_name = "Virtual router and VXLAN"
    api_version = 1
