"""The state machines of storage objects: tables of ``states`` and what each change tells the event bus."""

from django.db import models

from apps.storage.events import POOL_STATE, VOLUME_STATE
from apps.storage.states import (
    CACHE_TRANSITIONAL,
    CACHE_TRANSITIONS,
    POOL_TRANSITIONAL,
    POOL_TRANSITIONS,
    TEMPLATE_TRANSITIONAL,
    TEMPLATE_TRANSITIONS,
    VOLUME_TRANSITIONAL,
    VOLUME_TRANSITIONS,
    PoolState,
)
from cloudstack.framework.events.bus import publish
from cloudstack.framework.fsm import StateMachine

WORRYING = (PoolState.ERROR_IN_MAINTENANCE,)


def _tell_of_pool(pool: models.Model, old: str, new: str) -> None:
    level = "WARN" if new in WORRYING else "INFO"
    publish(POOL_STATE, description=f"storage pool {pool}: {old} to {new}", resource=pool, level=level)


def _tell(volume: models.Model, old: str, new: str) -> None:
    publish(VOLUME_STATE, description=f"volume {volume}: {old} to {new}", resource=volume)


VOLUME_FSM = StateMachine(VOLUME_TRANSITIONS, transitional=VOLUME_TRANSITIONAL, on_change=_tell)
TEMPLATE_FSM = StateMachine(TEMPLATE_TRANSITIONS, transitional=TEMPLATE_TRANSITIONAL)
CACHE_FSM = StateMachine(CACHE_TRANSITIONS, transitional=CACHE_TRANSITIONAL)
POOL_FSM = StateMachine(POOL_TRANSITIONS, transitional=POOL_TRANSITIONAL, on_change=_tell_of_pool)
