"""The Django apps of the portal."""

from django.contrib.admin.apps import AdminConfig

from cloudstack.framework.apps_support import CloudAppConfig


class PortalConfig(CloudAppConfig):
    name = "apps.portal"
    label = "portal"

    def ready(self) -> None:
        super().ready()
        from apps.portal.charts import objects

        objects.register()


class CloudAdminConfig(AdminConfig):
    """Django's admin with our first page and our pages beside those of the models."""

    default_site = "apps.portal.site.CloudAdminSite"
