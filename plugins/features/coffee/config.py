"""What operators set and see, and how many cups somebody may hold."""

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from cloudstack.plugin.metrics import Counter, Gauge
from cloudstack.plugin.resources import LimitedResource
from cloudstack.plugin.settings import ConfigKey, Scope
from plugins.features.coffee.models import Coffee, Size, State

BREW_TIME_S = ConfigKey("coffee.brew.time", int, 10, "Seconds that a coffee brews.", minimum=0, maximum=600)
LARGEST_SIZE = ConfigKey(
    "coffee.order.largest", str, "LARGE", "The largest size to order.", scope=Scope.ACCOUNT, choices=tuple(Size.values)
)
STALE_AFTER_MIN = ConfigKey("coffee.stale.after", int, 60, "Minutes until brewed coffee is discarded.", minimum=1)
HELD = Coffee.objects.exclude(state=State.DISCARDED)
CUPS = LimitedResource(name="coffee", plural="coffees", title=_("Coffees"), held=HELD.all)
CHANGES = Counter("coffee_changes_total", "Cups that came into a state: brewed, discarded, in error.", ("state",))
BY_STATE = HELD.values_list("state").annotate(Count("pk")).order_by("state")
IN_STATE = Gauge("coffee_cups", "Cups that are there, by state.", ("state",), read=lambda: dict(BY_STATE.all()))
