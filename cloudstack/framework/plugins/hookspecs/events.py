"""Events a plugin is told, after the change was committed."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def event_published(event):
    """A persisted event (``EventRecord``) has been committed; errors here never reach who caused it."""


@hookspec
def job_finished(job_uuid, workflow, status):
    """A job has ended with ``status`` (``succeeded``, ``failed`` or ``cancelled``)."""
