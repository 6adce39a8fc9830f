"""The state machine of virtual machines; each change writes an event in the same transaction."""

from django.db import models

from apps.compute.events import VM_STATE
from apps.compute.states import VM_TRANSITIONAL, VM_TRANSITIONS
from cloudstack.framework.events.bus import publish
from cloudstack.framework.fsm import StateMachine


def _publish(vm: models.Model, old: str, new: str) -> None:
    publish(VM_STATE, resource=vm, description=f"{vm} is {new}, was {old}")


VM_FSM = StateMachine(VM_TRANSITIONS, transitional=VM_TRANSITIONAL, on_change=_publish)
