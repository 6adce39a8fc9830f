"""Who proves who somebody is."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_login_backends():
    """Return a list of ``LoginBackend`` objects. Each is asked for the password of a user whom the portal knows: True
    and False decide, None leaves it to the next one and at last to the portal's own passwords. While one that fails
    might know the user, a password that is not the portal's is refused without being counted.
    """
