"""The Django app of the pages."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """It has templates' tags only; the sections come from the apps that own their objects."""

    name = "cloudstack.pages"
    label = "pages"
    verbose_name = "Pages"
