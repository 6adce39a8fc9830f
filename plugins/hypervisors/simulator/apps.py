"""The plugin as a Django app; its tables are the simulated world."""

from cloudstack.plugin import PluginConfig


class SimulatorConfig(PluginConfig):
    name = "plugins.hypervisors.simulator"
    label = "simulator"
    verbose_name = "Simulator"
    api_version = 1
    default_auto_field = "django.db.models.BigAutoField"
