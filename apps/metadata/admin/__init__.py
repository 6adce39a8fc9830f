"""The admin: what an operator sees, and the commands that he gives there."""

from apps.accounts.admin.panels import register_panels
from apps.metadata.admin import annotation, detail, icon, tag
from apps.metadata.admin.panels import attached_panels

__all__ = ["annotation", "detail", "icon", "tag"]

register_panels(attached_panels)
