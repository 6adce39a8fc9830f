"""What opened the figures before the settings did, and opens nothing now."""

import os

from cloudstack.plugin.doctor import Finding
from plugins.metrics.prometheus.config import ALLOWED, ENABLED, TOKEN

FORMER = "CLOUDSTACK_METRICS_TOKEN"


def doors() -> Finding:
    """Whether somebody still trusts the variable of former versions; its value is never shown."""
    if os.environ.get(FORMER):
        return Finding(
            False,
            f"{FORMER} is set in the environment and opens nothing any more",
            f"give its value to the setting {TOKEN.name} and take the variable away",
        )
    if not ENABLED.value():
        return Finding(True, f"closed by {ENABLED.name}")
    ways = [key.name for key in (TOKEN, ALLOWED) if key.value()]
    return Finding(True, f"open by {' and '.join(ways)}" if ways else "open to administrators who are logged in")
