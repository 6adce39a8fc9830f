"""The Django app of the operator settings."""

from django.apps import AppConfig


class ConfigurationConfig(AppConfig):
    name = "cloudstack.framework.configuration"
    label = "configuration"
    verbose_name = "Settings"
