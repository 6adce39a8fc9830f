"""Entities of the metadata app."""

from apps.metadata.models.annotation import Annotation
from apps.metadata.models.detail import ResourceDetail
from apps.metadata.models.icon import ResourceIcon
from apps.metadata.models.tag import ResourceTag

__all__ = ["Annotation", "ResourceDetail", "ResourceIcon", "ResourceTag"]
