"""What plugins do to hosts."""

from cloudstack.framework.plugins.markers import hookspec, may_take_long


@may_take_long
@hookspec
def host_emptied(host, payload):
    """A rolling maintenance has emptied ``host`` (a ``HostRef``): do to it what is to be done, and say what that was.

    Return a text or None. ``payload`` is what the operator sent along. It may take long, and the host may restart
    meanwhile. After a crash it is called again for the same host. An exception ends the maintenance of this host.
    """
