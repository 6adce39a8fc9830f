"""Stands last in ``INSTALLED_APPS``: every app is ready, so registration closes here."""

from django.apps import AppConfig
from django.conf import settings


class CompositionConfig(AppConfig):
    name = "cloudstack.composition"
    label = "cloudstack_composition"

    def ready(self) -> None:
        from apps.accounts.admin.from_plugins import register_plugin_panels
        from apps.accounts.api.from_plugins import register_plugin_resources
        from cloudstack.api.registry import register_plugin_commands
        from cloudstack.celery import app as celery_app
        from cloudstack.framework import drivers
        from cloudstack.framework.configuration.registry import register_manifest_defaults, register_plugin_keys
        from cloudstack.framework.jobs.registry import register_plugin_workflows
        from cloudstack.framework.plugins.health import register_plugin_health_checks
        from cloudstack.framework.plugins.services import register_plugin_managers
        from cloudstack.framework.scheduler.registry import register_plugin_jobs
        from cloudstack.framework.scheduler.tasks import fill_schedule
        from cloudstack.pages.from_plugins import register_plugin_pages

        drivers.collect()
        register_plugin_keys()
        register_manifest_defaults({manifest.name: manifest.default_settings for manifest in settings.PLUGINS})
        register_plugin_resources()
        register_plugin_workflows()
        register_plugin_jobs()
        register_plugin_health_checks()
        register_plugin_commands()
        register_plugin_pages()
        register_plugin_panels()
        register_plugin_managers()
        fill_schedule(celery_app)
