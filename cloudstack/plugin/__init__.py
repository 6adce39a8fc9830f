"""The public face of the platform for plugins. What is not here or in ``cloudstack.contracts`` is not theirs.

By topic: ``drivers``, ``jobs``, ``events``, ``settings``, ``health``, ``metrics``, ``api``, ``models``, ``admin``,
``agent``.
"""

from cloudstack.framework.plugins.config import PluginConfig
from cloudstack.framework.plugins.markers import API_VERSION, hookimpl

__all__ = ["API_VERSION", "PluginConfig", "hookimpl"]
