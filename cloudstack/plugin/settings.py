"""Operator settings of plugins."""

from cloudstack.framework.configuration import ConfigKey, Scope

__all__ = ["ConfigKey", "Scope"]
