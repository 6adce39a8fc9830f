"""Fields that plugins add to objects of others."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_response_fields():
    """Return a list of ``ResponseField`` objects: fields of existing objects, such as ``virtualmachine``. They are
    loaded for a whole page at a time, and stand in REST, OpenAPI, ``listApis`` and the reference as the object's
    own do. A plugin that fails or is slow when they are loaded leaves them out of that answer.
    """
