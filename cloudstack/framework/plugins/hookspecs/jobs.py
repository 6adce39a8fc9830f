"""Jobs a plugin adds: workflows for the job engine and periodic work for the scheduler."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_workflows():
    """Return a list of ``Workflow`` classes, each with a dotted name that begins with the plugin's label."""


@hookspec
def register_scheduled_jobs():
    """Return a list of ``ScheduledJob`` objects: a name, an interval in seconds and what to call."""
