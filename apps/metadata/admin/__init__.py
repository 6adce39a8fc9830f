"""The admin: what an operator sees, and the commands that he gives there."""

from apps.metadata.admin import annotation, icon, tag

__all__ = ["annotation", "icon", "tag"]
