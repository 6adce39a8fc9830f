"""Instance groups on the users' pages."""

from django.utils.translation import gettext_lazy as _

from apps.compute.web.panels import machines
from cloudstack.pages import Column, Input, Kind, Operation, Section, register

NAME = Input(
    wire="name", label=_("Name"), help=_("Once in your account."), initial=lambda row: row.get("name"), required=True
)


@register
class InstanceGroups(Section):
    slug = "groups"
    title = _("Instance groups")
    singular = _("instance group")
    group = _("Compute")
    order = 70
    icon = "group"
    help = _("Names under which machines are kept together, for instance all of one service.")
    empty = _("Make one here, or write its name when you make a machine.")
    lists = "listInstanceGroups"
    state = ""
    sort = "name"
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
    )
    facts = (
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
        Column(wire="project", label=_("Project")),
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
    )
    panels = (machines(lambda row: {"groupid": row["id"]}),)
    create = Operation(command="createInstanceGroup", label=_("New instance group"), icon="plus", inputs=(NAME,))
    operations = (
        Operation(command="updateInstanceGroup", label=_("Rename"), icon="edit", inputs=(NAME,)),
        Operation(
            command="deleteInstanceGroup",
            label=_("Delete"),
            icon="trash",
            help=_("Its machines stay."),
            bulk=True,
        ),
    )
