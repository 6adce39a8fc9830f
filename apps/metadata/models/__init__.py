"""Entities of the metadata app."""

from apps.metadata.models.tag import ResourceTag

__all__ = ["ResourceTag"]
