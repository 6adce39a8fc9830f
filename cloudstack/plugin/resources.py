"""Things that accounts own and how many they may hold. Import it when apps are ready."""

from apps.accounts.api.from_plugins import OwnedKind
from apps.accounts.services.limited_resources import LimitedResource
from apps.accounts.services.removal import Stage

__all__ = ["LimitedResource", "OwnedKind", "Stage"]
