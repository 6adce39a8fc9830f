"""Base of the admin pages of plugins. Import it from a plugin's ``admin.py`` only."""

from apps.accounts.admin.base import AdminCommand, CloudAdmin, CloudInline, Panel
from apps.accounts.admin.commands import Ask

__all__ = ["AdminCommand", "Ask", "CloudAdmin", "CloudInline", "Panel"]
