"""The state machine of plans that even out clusters."""

from apps.compute.states import DRS_PLAN_TRANSITIONAL, DRS_PLAN_TRANSITIONS
from cloudstack.framework.fsm import StateMachine

DRS_PLAN_FSM = StateMachine(DRS_PLAN_TRANSITIONS, transitional=DRS_PLAN_TRANSITIONAL)
