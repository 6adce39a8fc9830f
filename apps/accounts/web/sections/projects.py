"""Projects on the users' pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cloudstack.pages import Column, Input, Kind, Operation, Option, Panel, Section, register

_ROLES = (Option("Regular", _("member")), Option("Admin", _("administrator of the project")))


def _member(row: Mapping[str, Any]) -> str:
    return str(row.get("username") or row.get("account") or "")


@register
class Projects(Section):
    slug = "projects"
    title = _("Projects")
    singular = _("project")
    group = _("Sharing")
    order = 70
    icon = "folder"
    help = _("Machines, disks and networks that several people look after together, with limits of their own.")
    empty = _("Make a project and add the people you work with.")
    lists = "listProjects"
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="displaytext", label=_("Description")),
        Column(wire="vmtotal", label=_("Machines"), wide=True),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN, wide=True),
    )
    facts = (
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="displaytext", label=_("Description")),
        Column(
            wire="owner",
            label=_("Administrators"),
            value=lambda row: ", ".join(one.get("user") or one.get("account", "") for one in row.get("owner", ())),
        ),
        Column(wire="domain", label=_("Domain")),
        Column(wire="vmtotal", label=_("Machines")),
        Column(wire="volumetotal", label=_("Volumes")),
        Column(wire="created", label=_("Created"), kind=Kind.WHEN),
        Column(wire="tags", label=_("Tags"), kind=Kind.TAGS),
    )
    create = Operation(
        command="createProject",
        label=_("New project"),
        icon="plus",
        inputs=(
            Input(wire="name", label=_("Name")),
            Input(wire="displaytext", label=_("Description"), help=_("What it is for.")),
        ),
    )
    operations = (
        Operation(
            command="updateProject",
            label=_("Edit"),
            icon="edit",
            inputs=(
                Input(wire="name", label=_("Name"), initial=lambda row: row.get("name")),
                Input(wire="displaytext", label=_("Description"), initial=lambda row: row.get("displaytext")),
            ),
        ),
        Operation(
            command="suspendProject",
            label=_("Suspend"),
            icon="stop",
            danger=True,
            suits=lambda row: row.get("state") == "Active",
        ),
        Operation(
            command="activateProject",
            label=_("Activate"),
            icon="play",
            suits=lambda row: row.get("state") != "Active",
        ),
        Operation(
            command="deleteProject",
            label=_("Delete"),
            icon="trash",
            types_name=True,
            help=_("All that the project owns goes with it if you say so."),
            danger=True,
            inputs=(Input(wire="cleanup", label=_("With everything that it owns")),),
        ),
    )
    panels = (
        Panel(
            title=_("Members"),
            command="listProjectAccounts",
            params=lambda row: {"projectid": row["id"]},
            columns=(
                Column(wire="account", label=_("Who"), value=_member),
                Column(wire="role", label=_("Role")),
                Column(wire="projectrolename", label=_("Further role")),
            ),
            adds=(
                Operation(
                    command="addAccountToProject",
                    label=_("Add an account"),
                    icon="plus",
                    parameter="projectid",
                    inputs=(
                        Input(wire="account", label=_("Account"), help=_("Its name, in the project's domain.")),
                        Input(wire="email", label=_("E-mail"), help=_("Where an invitation goes to, if you want one.")),
                        Input(wire="roletype", label=_("Role"), options=_ROLES),
                    ),
                ),
                Operation(
                    command="addUserToProject",
                    label=_("Add a user"),
                    icon="plus",
                    parameter="projectid",
                    inputs=(
                        Input(wire="username", label=_("User name"), help=_("In the project's domain.")),
                        Input(wire="roletype", label=_("Role"), options=_ROLES),
                    ),
                ),
            ),
        ),
        Panel(
            title=_("Invitations"),
            command="listProjectInvitations",
            params=lambda row: {"projectid": row["id"]},
            columns=(
                Column(wire="account", label=_("Who"), value=lambda row: row.get("email") or _member(row)),
                Column(wire="state", label=_("State"), kind=Kind.STATE),
            ),
            operations=(Operation(command="deleteProjectInvitation", label=_("Take back"), icon="trash"),),
            empty=_("Nobody has been invited."),
        ),
    )


@register
class Invitations(Section):
    slug = "invitations"
    title = _("Invitations")
    singular = _("invitation")
    group = _("Sharing")
    order = 75
    icon = "users"
    help = _("Projects that you have been asked to join.")
    empty = _("You will find an invitation here when somebody asks you to join a project.")
    lists = "listProjectInvitations"
    columns = (
        Column(wire="project", label=_("Project")),
        Column(wire="state", label=_("State"), kind=Kind.STATE),
        Column(wire="domain", label=_("Domain")),
    )
    facts = columns
    operations = tuple(
        Operation(
            command="updateProjectInvitation",
            label=label,
            icon=icon,
            params=lambda row: {"projectid": row["projectid"]},
            fixed={"accept": accept},
            suits=lambda row: row.get("state") == "Pending",
        )
        for accept, label, icon in (("true", _("Accept"), "play"), ("false", _("Decline"), "stop"))
    )

    def title_of(self, row: Mapping[str, Any]) -> str:
        return str(row.get("project", ""))
