"""The storage app."""

from cloudstack.framework.apps_support import CloudAppConfig


class StorageConfig(CloudAppConfig):
    name = "apps.storage"
    label = "storage"
    verbose_name = "Storage"

    def ready(self) -> None:
        super().ready()
        from apps.storage.services import neighbours, plugin_uses, removal

        neighbours.register()
        removal.register()
        plugin_uses.register()
