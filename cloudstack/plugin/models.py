"""Bases of plugins' entities."""

from apps.accounts.models import Account, OwnedModel
from cloudstack.framework.fsm import StateMachine
from cloudstack.framework.models import CloudModel, LiveManager, PublicModel
from cloudstack.framework.secrets import EncryptedField, Secret

__all__ = [
    "Account",
    "CloudModel",
    "EncryptedField",
    "LiveManager",
    "OwnedModel",
    "PublicModel",
    "Secret",
    "StateMachine",
]
