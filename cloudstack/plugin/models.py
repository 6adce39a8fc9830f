"""Bases of plugins' entities."""

from cloudstack.framework.models import CloudModel, LiveManager, PublicModel
from cloudstack.framework.secrets import EncryptedField, Secret

__all__ = ["CloudModel", "EncryptedField", "LiveManager", "PublicModel", "Secret"]
