"""The plugin as a Django app; it has no tables."""

from cloudstack.plugin import PluginConfig


class VmwareConfig(PluginConfig):
    name = "plugins.hypervisors.vmware"
    label = "vmware"
    verbose_name = "VMware vSphere"
    api_version = 1
