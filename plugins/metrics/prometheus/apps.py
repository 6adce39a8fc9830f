"""The plugin as a Django app. It has no tables: what it shows lies in the cache."""

from cloudstack.plugin import PluginConfig


class PrometheusConfig(PluginConfig):
    name = "plugins.metrics.prometheus"
    label = "prometheus"
    verbose_name = "Prometheus"
    api_version = 1

    def ready(self) -> None:
        super().ready()
        with self.isolated("instruments"):
            from plugins.metrics.prometheus import instruments

            instruments.install()
