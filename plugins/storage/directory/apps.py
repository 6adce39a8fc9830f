"""The plugin as a Django app. It has no tables: the directory is where its state lives."""

from cloudstack.plugin import PluginConfig


class DirectoryConfig(PluginConfig):
    name = "plugins.storage.directory"
    label = "directory"
    verbose_name = "Image store in a directory"
    api_version = 1
