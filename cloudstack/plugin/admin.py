"""Base of the admin pages of plugins. Import it from a plugin's ``admin.py`` only."""

from apps.accounts.admin.base import AdminCommand, CloudAdmin, CloudInline, Panel

__all__ = ["AdminCommand", "CloudAdmin", "CloudInline", "Panel"]
