"""Stands last in ``INSTALLED_APPS``: every app is ready, so registration closes here."""

from django.apps import AppConfig


class CompositionConfig(AppConfig):
    name = "cloudstack.composition"
    label = "cloudstack_composition"

    def ready(self) -> None:
        from cloudstack.api.registry import register_plugin_commands
        from cloudstack.celery import app as celery_app
        from cloudstack.framework import drivers
        from cloudstack.framework.configuration.registry import register_plugin_keys
        from cloudstack.framework.jobs.registry import register_plugin_workflows
        from cloudstack.framework.scheduler.registry import register_plugin_jobs
        from cloudstack.framework.scheduler.tasks import fill_schedule

        drivers.collect()
        register_plugin_keys()
        register_plugin_workflows()
        register_plugin_jobs()
        register_plugin_commands()
        fill_schedule(celery_app)
