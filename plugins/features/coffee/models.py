"""A cup of coffee: what is known of it, and how its state may change."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cloudstack.plugin.events import event_type, publish
from cloudstack.plugin.models import OwnedModel, StateMachine

COFFEE_CREATE = event_type("COFFEE.CREATE", "a coffee is ordered and brewed")
COFFEE_UPDATE = event_type("COFFEE.UPDATE", "an order of coffee is changed")
COFFEE_REMOVE = event_type("COFFEE.REMOVE", "a coffee is removed")
COFFEE_STATE = event_type("COFFEE.STATE", "the state of a coffee has changed")


class Offering(models.TextChoices):
    ESPRESSO = "Espresso", _("espresso")
    CAPPUCCINO = "Cappuccino", _("cappuccino")
    LATTE = "Latte", _("latte")
    MOCHA = "Mocha", _("mocha")


class Size(models.TextChoices):  # from the smallest to the largest
    SMALL = "SMALL", _("small")
    MEDIUM = "MEDIUM", _("medium")
    LARGE = "LARGE", _("large")


class State(models.TextChoices):
    CREATED = "Created", _("ordered")
    BREWING = "Brewing", _("brewing")
    BREWED = "Brewed", _("brewed")
    DISCARDED = "Discarded", _("discarded")
    ERROR = "Error", _("error")


TRANSITIONS = {
    (State.BREWING, "succeeded"): State.BREWED,
    **{(state, "brew"): State.BREWING for state in (State.CREATED, State.ERROR)},
    **{(state, "failed"): State.ERROR for state in (State.CREATED, State.BREWING)},
    **{(state, "cancelled"): State.DISCARDED for state in (State.CREATED, State.BREWING)},
    **{(state, "discard"): State.DISCARDED for state in (State.CREATED, State.BREWED, State.ERROR)},
}


class Coffee(OwnedModel):
    """One cup. ``since``: when its state changed last."""

    name = models.CharField(max_length=255)
    offering = models.CharField(max_length=32, choices=Offering)
    size = models.CharField(max_length=32, choices=Size)
    state = models.CharField(max_length=32, choices=State, default=State.CREATED)
    since = models.DateTimeField(auto_now_add=True)

    class Meta(OwnedModel.Meta):
        indexes = [*OwnedModel.Meta.indexes, models.Index(fields=("state", "since"), name="coffee_state")]

    def __str__(self) -> str:
        return self.name


def _tell(cup: models.Model, old: str, new: str) -> None:
    publish(COFFEE_STATE, description=f"coffee {cup}: {old} to {new}", resource=cup)


FSM = StateMachine(TRANSITIONS, transitional=(State.BREWING,), on_change=_tell)
