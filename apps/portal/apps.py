"""The Django app of the portal."""

from cloudstack.framework.apps_support import CloudAppConfig


class PortalConfig(CloudAppConfig):
    name = "apps.portal"
    label = "portal"
