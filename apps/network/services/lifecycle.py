"""The state machine of networks; each change writes an event in the same transaction."""

from django.db import models

from apps.network.events import NETWORK_STATE
from apps.network.states import NETWORK_TRANSITIONAL, NETWORK_TRANSITIONS
from cloudstack.framework.events.bus import publish
from cloudstack.framework.fsm import StateMachine


def _publish(network: models.Model, old: str, new: str) -> None:
    publish(NETWORK_STATE, resource=network, description=f"network {network} is {new}, was {old}")


NETWORK_FSM = StateMachine(NETWORK_TRANSITIONS, transitional=NETWORK_TRANSITIONAL, on_change=_publish)
