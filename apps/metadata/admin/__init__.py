"""The admin: what an operator sees, and the commands that he gives there."""

from apps.metadata.admin import tag

__all__ = ["tag"]
