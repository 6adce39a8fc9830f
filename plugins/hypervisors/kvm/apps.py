"""The plugin as a Django app. It has no tables: libvirt is where its state lives."""

from cloudstack.plugin import PluginConfig


class KvmConfig(PluginConfig):
    name = "plugins.hypervisors.kvm"
    label = "kvm"
    verbose_name = "KVM through libvirt"
    api_version = 1
