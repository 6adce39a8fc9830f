"""Parameters that clients know and this version does not carry out."""

from apps.infrastructure.api.refused import Refused, RefusedFlag

__all__ = ["Refused", "RefusedFlag"]
