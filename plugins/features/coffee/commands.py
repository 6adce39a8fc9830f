"""The commands on coffees: REST routes, roles, documents and forms follow from these declarations."""

from django.db.models import QuerySet

from cloudstack.plugin import api
from cloudstack.plugin.jobs import AsyncJob
from plugins.features.coffee.manager import COFFEES
from plugins.features.coffee.models import COFFEE_CREATE, COFFEE_REMOVE, COFFEE_UPDATE, Coffee, Offering, Size, State


class CoffeeResponse(api.OwnerFields):
    object_name = "coffee"
    model = Coffee

    id = api.Field("uuid", help="UUID of the coffee")
    name = api.Field(help="its name")
    offering = api.Field(help="what it is")
    size = api.Field(help="how large it is")
    state = api.Field(help="Created, Brewing, Brewed, Discarded or Error")
    since = api.Field(help="when its state changed last")
    created = api.Field(help="when it was ordered")


class ListCoffees(api.AccountScopedListCmd):
    """Lists coffees: your own, or with listall all that you administer."""

    response = CoffeeResponse
    keyword_fields = ("name",)

    coffee_name = api.Str("name", lookup="name", help="coffees of this name")
    offering = api.Choice("offering", Offering, lookup="offering", help="coffees of this kind")
    state = api.Choice("state", State, lookup="state", help="coffees in this state")

    def queryset(self) -> QuerySet[Coffee]:
        return self.owned(Coffee.objects.all())


class CreateCoffee(api.OwnedCmd, api.BaseAsyncCreateCmd):
    """Orders a coffee; it is there at once, and its job brews it."""

    response = CoffeeResponse
    event_type = COFFEE_CREATE

    coffee_name = api.Str("name", required=True, max_length=255, help="what it is called")
    offering = api.Choice("offering", Offering, required=True, help="what it is")
    size = api.Choice("size", Size, default=Size.MEDIUM.value, help="how large it is")

    def execute(self) -> tuple[Coffee, AsyncJob]:
        order = {"name": self.coffee_name, "offering": self.offering, "size": self.size}
        return COFFEES.create(caller=self.caller, owner=self.owner(), **order)


class UpdateCoffee(api.BaseCmd):
    """Renames a coffee, or changes the order as long as nobody has begun to brew it."""

    response = CoffeeResponse
    event_type = COFFEE_UPDATE

    cup = api.Ref("id", Coffee, access=api.Access.MODIFY, required=True, help="the coffee")
    coffee_name = api.Str("name", max_length=255, help="its new name")
    offering = api.Choice("offering", Offering, help="what it is to be")
    size = api.Choice("size", Size, help="how large it is to be")

    def execute(self) -> Coffee:
        changes = {"name": self.coffee_name, "offering": self.offering, "size": self.size}
        return COFFEES.update(caller=self.caller, cup=self.cup, **changes)


class RemoveCoffee(api.BaseCmd):
    """Discards a coffee and removes it; while it brews, its job must be cancelled first."""

    event_type = COFFEE_REMOVE

    cup = api.Ref("id", Coffee, access=api.Access.MODIFY, required=True, help="the coffee")

    def execute(self) -> None:
        COFFEES.remove(self.cup, caller=self.caller)
