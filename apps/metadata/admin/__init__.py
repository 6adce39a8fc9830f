"""The admin: what an operator sees, and the commands that he gives there."""

from apps.metadata.admin import annotation, detail, icon, tag

__all__ = ["annotation", "detail", "icon", "tag"]
