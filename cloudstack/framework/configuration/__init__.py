"""Typed operator settings. Use ``ConfigKey`` and ``Scope`` to declare, ``ConfigurationManager`` to change."""

from cloudstack.framework.configuration.keys import ConfigKey, Scope

__all__ = ["ConfigKey", "Scope"]
