"""The plugin as a Django app; its label names its table."""

from cloudstack.plugin import PluginConfig


class CoffeeConfig(PluginConfig):
    name = "plugins.features.coffee"
    label = "coffee"
    verbose_name = "Coffee"
    api_version = 1
