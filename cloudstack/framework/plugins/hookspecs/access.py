"""Who may call what: a plugin may narrow it, and give rules for its own commands to the roles that came along."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_access_checks():
    """Return a list of ``AccessCheck`` objects. Each is asked, for the commands that it names and after the role has
    allowed them, whether this call must not be; it can only refuse. One that fails refuses, too, except for root
    admins without restriction, whom nobody may lock out.
    """


@hookspec
def register_role_rules():
    """Return a list of ``RoleRule`` objects: rules over the plugin's own commands for default roles, such as
    ``Read-Only User - Default``. They count before all else, for nobody can change those roles.
    """
