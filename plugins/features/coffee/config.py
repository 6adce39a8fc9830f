"""What operators set, and how many cups somebody may hold."""

from django.utils.translation import gettext_lazy as _

from cloudstack.plugin.resources import LimitedResource
from cloudstack.plugin.settings import ConfigKey, Scope
from plugins.features.coffee.models import Coffee, Size, State

BREW_TIME_S = ConfigKey("coffee.brew.time", int, 10, "Seconds that a coffee brews.", minimum=0, maximum=600)
LARGEST_SIZE = ConfigKey(
    "coffee.order.largest", str, "LARGE", "The largest size to order.", scope=Scope.ACCOUNT, choices=tuple(Size.values)
)
STALE_AFTER_MIN = ConfigKey("coffee.stale.after", int, 60, "Minutes until brewed coffee is discarded.", minimum=1)
CUPS = LimitedResource(
    name="coffee", plural="coffees", title=_("Coffees"), held=lambda: Coffee.objects.exclude(state=State.DISCARDED)
)
