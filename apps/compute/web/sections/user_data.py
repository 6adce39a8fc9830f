"""Stored user data on the users' pages."""

from django.utils.translation import gettext_lazy as _

from apps.compute.web.deploying import USER_DATA_HELP
from apps.compute.web.owners import by_id
from apps.compute.web.panels import machines
from cloudstack.pages import Column, Input, Kind, Operation, Section, register
from cloudstack.pages.fields import decoded, encoded


@register
class StoredUserData(Section):
    slug = "user-data"
    title = _("User data")
    singular = _("user data")
    group = _("Compute")
    order = 50
    icon = "script"
    help = _("Scripts and cloud-configs that machines read when they start for the first time, kept to be used again.")
    empty = _("Store one, and choose it when you make a machine.")
    lists = "listUserData"
    state = ""
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="params", label=_("Variables")),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="params", label=_("Variables")),
        Column(wire="project", label=_("Project")),
        Column(
            wire="userdata",
            label=_("Text"),
            kind=Kind.LINES,
            value=lambda row: decoded(row.get("userdata")) or row.get("userdata"),
            needs=("userdata",),
        ),
    )
    panels = (machines(lambda row: {"userdataid": row["id"]}),)
    create = Operation(
        command="registerUserData",
        label=_("Store user data"),
        icon="plus",
        inputs=(
            Input(wire="name", label=_("Name"), help=_("What you call it."), placeholder=_("web server")),
            Input(wire="userdata", label=_("Text"), help=USER_DATA_HELP, rows=12, sent=encoded),
            Input(
                wire="params",
                label=_("Variables"),
                help=_("Names, separated by commas, of what each machine says for itself in the text."),
                advanced=True,
            ),
        ),
    )
    operations = (Operation(command="deleteUserData", label=_("Delete"), icon="trash", params=by_id, bulk=True),)
