"""Operator settings a plugin declares or overrides."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_config_keys():
    """Return a list of ``ConfigKey`` objects; they appear in ``listConfigurations``."""


@hookspec(firstresult=True)
def override_config_value(name, scope, scope_uuid):
    """Return the value that a setting has whatever is stored, or None to leave it alone."""
