"""Stands last in ``INSTALLED_APPS``: every app is ready, so registration closes here."""

from django.apps import AppConfig
from django.conf import settings


class CompositionConfig(AppConfig):
    name = "cloudstack.composition"
    label = "cloudstack_composition"

    def ready(self) -> None:
        from cloudstack.api.registry import register_plugin_commands
        from cloudstack.celery import app as celery_app
        from cloudstack.framework import drivers
        from cloudstack.framework.configuration.registry import register_manifest_defaults, register_plugin_keys
        from cloudstack.framework.jobs.registry import register_plugin_workflows
        from cloudstack.framework.metrics.registry import register_plugin_metrics
        from cloudstack.framework.plugins.health import register_plugin_health_checks
        from cloudstack.framework.scheduler.registry import register_plugin_jobs
        from cloudstack.framework.scheduler.tasks import fill_schedule

        drivers.collect()
        register_plugin_keys()
        register_manifest_defaults({manifest.name: manifest.default_settings for manifest in settings.PLUGINS})
        register_plugin_workflows()
        register_plugin_jobs()
        register_plugin_health_checks()
        register_plugin_metrics()
        register_plugin_commands()
        fill_schedule(celery_app)
