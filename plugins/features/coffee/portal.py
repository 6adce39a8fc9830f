"""Coffee on the users' pages, and tables of it on the pages of projects and, in the admin, of accounts."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from cloudstack.plugin import portal as ui
from plugins.features.coffee.models import Offering, Size, State

ui.color_states(good=[State.BREWED], busy=[State.BREWING])
ID = ui.Column(wire="id", label=_("ID"), kind=ui.Kind.CODE)
NAME = ui.Column(wire="name", label=_("Name"))
STATE = ui.Column(wire="state", label=_("State"), kind=ui.Kind.STATE, choices=State)
SINCE = ui.Column(wire="since", label=_("State since"), kind=ui.Kind.WHEN)
COFFEE = ui.Column(wire="offering", label=_("Coffee"), choices=Offering)
SIZE = ui.Column(wire="size", label=_("Size"), choices=Size, wide=True)
ORDERED = ui.Column(wire="created", label=_("Ordered"), kind=ui.Kind.WHEN, wide=True)
PROJECT = ui.Column(wire="project", label=_("Project"))


class Coffees(ui.Section):
    slug, lists = "coffees", "listCoffees"
    title, singular = _("Coffees"), _("coffee")
    group, order, icon = _("Refreshments"), 200, "cup"
    help = _("Coffee, brewed for you. What nobody drinks is discarded after a while.")
    empty = _("Order your first one.")
    columns = (NAME, STATE, COFFEE, SIZE, ORDERED)
    filters = (
        ui.Filter(wire="state", label=_("State"), options=ui.choices(State)),
        ui.Filter(wire="offering", label=_("Coffee"), options=ui.choices(Offering)),
    )
    facts = (ID, COFFEE, SIZE, ORDERED, SINCE, PROJECT)
    create = ui.Operation(
        command="createCoffee",
        label=_("Order a coffee"),
        icon="plus",
        inputs=(
            ui.Input(wire="name", label=_("Name"), help=_("Whose it is, or what you like.")),
            ui.Input(wire="offering", label=_("Coffee"), options=ui.choices(Offering), cards=True),
            ui.Input(wire="size", label=_("Size"), options=ui.choices(Size), initial=Size.MEDIUM.value),
        ),
    )
    rename = ui.Input(wire="name", label=_("Name"), initial=lambda row: row["name"], required=True)
    operations = (
        ui.Operation(command="updateCoffee", label=_("Rename"), icon="edit", inputs=(rename,)),
        ui.cancels_job(_("Stop brewing")),
        ui.Operation(command="removeCoffee", label=_("Discard and remove"), icon="trash", bulk=True),
    )


CUPS = ui.Panel(title=_("Coffees"), command="listCoffees", columns=(NAME, STATE, COFFEE), section="coffees")
OF_PROJECT = replace(CUPS, params=lambda project: {"projectid": project["id"]})
OF_ACCOUNT = replace(CUPS, params=lambda account: {"account": account.name, "domainid": account.domain.uuid})
PANELS = (ui.PanelOn("projects", OF_PROJECT), ui.PanelOn("accounts.account", OF_ACCOUNT))
