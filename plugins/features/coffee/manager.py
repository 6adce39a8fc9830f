"""What may be done with coffees. Every door and every job comes here."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from cloudstack.plugin.api import Caller, InvalidParameter, ResourceInUse
from cloudstack.plugin.events import publish
from cloudstack.plugin.jobs import AsyncJob, dispatch
from cloudstack.plugin.managers import Manager, Program
from cloudstack.plugin.models import Account
from plugins.features.coffee.config import CHANGES, CUPS, LARGEST_SIZE, STALE_AFTER_MIN
from plugins.features.coffee.models import COFFEE_REMOVE, COFFEE_UPDATE, FSM, Coffee, Size, State


class CoffeeManager(Manager):
    """Takes orders, changes them and clears away; its machine is warm while the process serves."""

    warm = False

    def start(self, program: Program) -> None:
        self.warm = True

    def stop(self) -> None:
        self.warm = False

    def problem(self) -> str:
        """For the page of plugins; empty when all is well."""
        return "" if self.warm else "the machine is cold: this process has not been started as a worker"

    @transaction.atomic
    def create(self, *, caller: Caller, owner: Account, name: str, offering: str, size: str) -> tuple[Coffee, AsyncJob]:
        """Order a cup for ``owner``; the job brews it. Raises ``LimitExceeded`` and ``InvalidParameter``."""
        self._ensure_size(owner, size)
        CUPS.reserve(owner)
        cup = Coffee.objects.create(account=owner, domain=owner.domain, name=name, offering=offering, size=size)
        lock, text = f"coffee:{cup.uuid}", f"brewing {cup}"
        return cup, dispatch("coffee.cup.brew", caller=caller, resource=cup, exclusive=[lock], description=text)

    @transaction.atomic
    def update(self, *, caller: Caller, cup: Coffee, **changes: str | None) -> Coffee:
        """Change ``name``, or ``offering`` and ``size`` as long as nobody has begun to brew; None leaves as it is."""
        wanted = {field: value for field, value in changes.items() if value is not None}
        if "size" in wanted:
            self._ensure_size(cup.account, wanted["size"])
        states = State.values if wanted.keys() <= {"name"} else [State.CREATED]
        if wanted and not Coffee.objects.filter(pk=cup.pk, state__in=states).update(**wanted):
            raise ResourceInUse(f"coffee {cup} is {cup.state}: only its name can be changed now", parameter="id")
        publish(COFFEE_UPDATE, caller=caller, description=f"coffee {cup} is changed", resource=cup)
        return cup

    @transaction.atomic
    def remove(self, cup: Coffee, *, caller: Caller) -> None:
        """Discard a cup and take it out of sight. Raises ``InvalidTransition`` while it brews: cancel its job first."""
        if cup.state != State.DISCARDED:
            self.move(cup, "discard")
        cup.mark_removed()
        publish(COFFEE_REMOVE, caller=caller, description=f"coffee {cup} is removed", resource=cup)

    @transaction.atomic
    def move(self, cup: Coffee, event: str) -> None:
        """For jobs: change its state. What is discarded counts no more; its row stays until somebody removes it."""
        FSM.fire(cup, event, since=timezone.now())
        transaction.on_commit(lambda state=cup.state: CHANGES.add(state=state))
        if cup.state == State.DISCARDED:
            CUPS.release(cup.account)

    def discard_stale(self) -> int:
        """Discard what was brewed too long ago, a thousand at most; answers how many that were."""
        limit = timezone.now() - timedelta(minutes=STALE_AFTER_MIN.value())
        stale = Coffee.objects.filter(state=State.BREWED, since__lt=limit).select_related("account__domain")
        for cup in (cups := list(stale[:1000])):
            self.move(cup, "discard")
        return len(cups)

    def _ensure_size(self, owner: Account, size: str) -> None:
        largest = LARGEST_SIZE.value(owner.uuid)
        if Size.values.index(size) > Size.values.index(largest):
            raise InvalidParameter(f"size is {size}; {largest} is the largest that may be ordered", parameter="size")


COFFEES = CoffeeManager()
