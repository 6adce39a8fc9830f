"""What a plugin shows: pages of its own for users, and tables on the pages of others' objects."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_portal_sections():
    """Return a list of ``Section`` classes: each has a place in the menu, a list, forms, and a page an object, for
    whoever's role allows the command that lists them."""


@hookspec
def register_object_panels():
    """Return a list of ``PanelOn`` objects: tables on the pages of others' objects. ``page`` is the slug of a section
    of the users' pages or, for the admin's pages, the label of a model such as ``accounts.account``. What a table shows
    a command lists, called for whoever looks at the page."""


@hookspec
def register_portal_links():
    """Return a list of ``MenuLink`` objects: entries of the users' menu that lead elsewhere."""
