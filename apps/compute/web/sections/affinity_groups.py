"""Affinity groups on the users' pages."""

from django.utils.translation import gettext_lazy as _

from apps.compute.web.owners import by_id
from apps.compute.web.panels import machines
from cloudstack.pages import Column, Input, Kind, Listed, Operation, Section, register

TYPES = {
    "host affinity": _("its machines run on the same host; else none of them starts"),
    "host anti-affinity": _("its machines run on different hosts; one that finds none does not start"),
    "non-strict host affinity": _("its machines run on the same host where that is possible"),
    "non-strict host anti-affinity": _("its machines run on different hosts where that is possible"),
}


@register
class AffinityGroups(Section):
    slug = "affinity-groups"
    title = _("Affinity groups")
    singular = _("affinity group")
    group = _("Compute")
    order = 60
    icon = "link"
    help = _(
        "Rules on where machines run: together on one host, to be near each other, or apart, "
        "so that not all fail at once."
    )
    empty = _("Make one, and choose it when you make machines.")
    lists = "listAffinityGroups"
    state = ""
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="type", label=_("Rule")),
        Column(
            wire="virtualmachineIds",
            label=_("Machines"),
            value=lambda row: str(len(row.get("virtualmachineIds", ()))),
            needs=("virtualmachineIds",),
        ),
        Column(wire="description", label=_("For"), wide=True),
    )
    facts = (
        Column(wire="type", label=_("Rule")),
        Column(wire="description", label=_("For")),
        Column(wire="project", label=_("Project")),
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
    )
    panels = (machines(lambda row: {"affinitygroupid": row["id"]}),)
    create = Operation(
        command="createAffinityGroup",
        label=_("New affinity group"),
        icon="plus",
        inputs=(
            Input(wire="name", label=_("Name"), help=_("What you call it."), placeholder=_("databases apart")),
            Input(
                wire="type",
                label=_("Rule"),
                options=Listed(
                    command="listAffinityGroupTypes",
                    value="type",
                    label=lambda row: row["type"],
                    hint=lambda row: TYPES.get(row["type"], ""),
                ),
                cards=True,
            ),
            Input(wire="description", label=_("What it is for")),
        ),
    )
    operations = (
        Operation(
            command="deleteAffinityGroup",
            label=_("Delete"),
            icon="trash",
            help=_("Its machines stay where they are."),
            params=by_id,
            bulk=True,
        ),
    )
