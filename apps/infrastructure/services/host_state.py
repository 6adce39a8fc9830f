"""The two state machines of a host; each change is told as an event."""

from django.db import models

from apps.infrastructure.events import HOST_RESOURCE_STATE, HOST_STATE
from apps.infrastructure.states import (
    HOST_STATUS_TRANSITIONAL,
    HOST_STATUS_TRANSITIONS,
    RESOURCE_STATE_TRANSITIONAL,
    RESOURCE_STATE_TRANSITIONS,
    HostStatus,
    ResourceState,
)
from cloudstack.framework.events.bus import publish
from cloudstack.framework.fsm import StateMachine

WORRYING = frozenset(
    {
        HostStatus.ALERT,
        HostStatus.DOWN,
        HostStatus.DISCONNECTED,
        ResourceState.ERROR_IN_MAINTENANCE,
        ResourceState.ERROR_IN_PREPARE_FOR_MAINTENANCE,
    }
)


def _status_changed(host: models.Model, old: str, new: str) -> None:
    reason = getattr(host, "status_reason", "")
    because = f": {reason}" if reason and new in WORRYING else ""
    _tell(HOST_STATE, host, f"host {host} is {new}, was {old}{because}", new)


def _resource_state_changed(host: models.Model, old: str, new: str) -> None:
    _tell(HOST_RESOURCE_STATE, host, f"host {host} is {new}, was {old}", new)


def _tell(kind: str, host: models.Model, text: str, new: str) -> None:
    publish(kind, description=text, resource=host, level="WARN" if new in WORRYING else "INFO")


HOST_STATUS = StateMachine(
    HOST_STATUS_TRANSITIONS, field="status", transitional=HOST_STATUS_TRANSITIONAL, on_change=_status_changed
)
RESOURCE_STATE = StateMachine(
    RESOURCE_STATE_TRANSITIONS,
    field="resource_state",
    transitional=RESOURCE_STATE_TRANSITIONAL,
    on_change=_resource_state_changed,
)
