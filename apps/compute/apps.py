"""The Django app of compute."""

from cloudstack.framework.apps_support import CloudAppConfig


class ComputeConfig(CloudAppConfig):
    name = "apps.compute"
    label = "compute"
    verbose_name = "Compute"
