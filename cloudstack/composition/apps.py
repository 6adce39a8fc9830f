"""Stands last in ``INSTALLED_APPS``: every app is ready, so registration closes here."""

from django.apps import AppConfig
from django.conf import settings


class CompositionConfig(AppConfig):
    name = "cloudstack.composition"
    label = "cloudstack_composition"

    def ready(self) -> None:
        from apps.accounts.admin.from_plugins import register_plugin_panels
        from apps.accounts.api.from_plugins import register_plugin_resources
        from apps.accounts.services.login_backends import register_plugin_backends
        from apps.infrastructure.services.affinity_types import affinity_types
        from apps.infrastructure.services.placement import check_plugins
        from apps.notifications.services.alert_channels import register_plugin_channels
        from cloudstack.api.access_checks import register_plugin_checks
        from cloudstack.api.added_fields import register_plugin_fields
        from cloudstack.api.default_rules import register_plugin_rules
        from cloudstack.api.registry import register_plugin_commands
        from cloudstack.celery import app as celery_app
        from cloudstack.composition import hooks
        from cloudstack.framework import doctor, drivers
        from cloudstack.framework.configuration.registry import register_manifest_defaults, register_plugin_keys
        from cloudstack.framework.jobs.registry import register_plugin_workflows
        from cloudstack.framework.metrics.registry import register_plugin_metrics
        from cloudstack.framework.plugins.health import register_plugin_health_checks
        from cloudstack.framework.plugins.manager import pm
        from cloudstack.framework.plugins.required import check_declared
        from cloudstack.framework.plugins.services import register_plugin_managers
        from cloudstack.framework.scheduler.registry import register_plugin_jobs
        from cloudstack.framework.scheduler.tasks import fill_schedule
        from cloudstack.pages.from_plugins import register_plugin_pages

        pm.load_platform(hooks)
        drivers.collect()
        affinity_types()
        check_plugins()
        register_plugin_keys()
        register_manifest_defaults({manifest.name: manifest.default_settings for manifest in settings.PLUGINS})
        check_declared()
        register_plugin_resources()
        register_plugin_workflows()
        register_plugin_jobs()
        register_plugin_health_checks()
        register_plugin_metrics()
        register_plugin_commands()
        register_plugin_rules()
        register_plugin_fields()
        register_plugin_checks()
        register_plugin_backends()
        register_plugin_channels()
        doctor.register_checks()
        register_plugin_pages()
        register_plugin_panels()
        register_plugin_managers()
        fill_schedule(celery_app)
