"""Alerts about capacity that is nearly used up, from the figures of ``listCapacity``."""

from apps.accounts.selectors.callers import system_caller
from apps.infrastructure.config import CPU_PROMISED_NOTIFICATION_THRESHOLD, MEMORY_PROMISED_NOTIFICATION_THRESHOLD
from apps.infrastructure.selectors.capacities import capacities
from apps.storage.config import POOL_USED_NOTICE
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.configuration.keys import ConfigKey

_WATCHED: dict[int, tuple[AlertType, ConfigKey | None, str]] = {
    0: (AlertType.MEMORY, MEMORY_PROMISED_NOTIFICATION_THRESHOLD, "memory that is promised to machines"),
    1: (AlertType.CPU, CPU_PROMISED_NOTIFICATION_THRESHOLD, "CPU that is promised to machines"),
    2: (AlertType.STORAGE, POOL_USED_NOTICE, "primary storage in use"),
    3: (AlertType.STORAGE_ALLOCATED, POOL_USED_NOTICE, "primary storage that is promised to volumes"),
    4: (AlertType.PUBLIC_IP, None, "public addresses"),
    7: (AlertType.VLAN, None, "numbers of networks"),
    8: (AlertType.DIRECT_ATTACHED_PUBLIC_IP, None, "addresses of shared networks"),
    9: (AlertType.LOCAL_STORAGE, POOL_USED_NOTICE, "local storage in use"),
}
"""CloudStack's number of a capacity → its alert, the setting with its threshold, and words."""
OTHERWISE = 0.75
"""Share of what has no setting of its own above which an alert is raised."""


def check() -> int:
    """Raise an alert for each zone and kind above its threshold; answers how many."""
    raised = 0
    for one in capacities(caller=system_caller()):
        watched = _WATCHED.get(one.type)
        if watched is None or not one.total:
            continue
        kind, key, words = watched
        if one.percent < 100 * (float(key.value()) if key is not None else OTHERWISE):
            continue
        raise_alert(
            kind,
            f"{one.place.zone_name}: {words}",
            description=f"zone {one.place.zone_name} has {one.percent:.0f} % of its {words} taken",
            subject_uuid=one.place.zone_uuid or None,
            repeated=True,
        )
        raised += 1
    return raised
