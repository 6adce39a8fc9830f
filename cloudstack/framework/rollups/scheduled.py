"""The periodic work of figures over time."""

from cloudstack.framework.rollups.arithmetic import MINUTE
from cloudstack.framework.rollups.tables import roll_up_all
from cloudstack.framework.scheduler import scheduled


@scheduled("statistics.roll_up", every_s=2 * MINUTE, limit_s=1800)
def roll_up() -> None:
    """Rolls figures up into five minutes, hours and days, and forgets old ones."""
    roll_up_all()
