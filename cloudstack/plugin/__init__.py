"""The public face of the platform for plugins. What is not here or in ``cloudstack.contracts`` is not theirs.

By topic: ``access``, ``admin``, ``alerts``, ``api``, ``doctor``, ``drivers``, ``events``, ``health``,
``infrastructure``, ``jobs``, ``login``, ``managers``, ``metrics``, ``models``, ``placement``, ``portal``,
``resources``, ``settings``, ``web``.
"""

from cloudstack.framework.plugins.config import PluginConfig
from cloudstack.framework.plugins.giving import gives
from cloudstack.framework.plugins.markers import API_VERSION, hookimpl

__all__ = ["API_VERSION", "PluginConfig", "gives", "hookimpl"]
