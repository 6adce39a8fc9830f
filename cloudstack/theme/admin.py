"""The bases of the admin's site, pages and forms: the only module that knows the theme's classes."""

from typing import Any

from django.forms import Media
from unfold.admin import ModelAdmin as ThemeModelAdmin
from unfold.admin import TabularInline as ThemeTabularInline
from unfold.forms import AdminOwnPasswordChangeForm, AdminPasswordChangeForm, AuthenticationForm
from unfold.sites import UnfoldAdminSite

__all__ = ["AuthenticationForm", "OwnPasswordForm", "PageBase", "PasswordForm", "SiteBase", "TableBase", "Tool"]

OwnPasswordForm = AdminOwnPasswordChangeForm
PasswordForm = AdminPasswordChangeForm


class SiteBase(UnfoldAdminSite):
    """Django's admin site with the theme's context."""


class PageBase(ThemeModelAdmin):
    """Django's model admin in the theme's clothes."""

    list_fullwidth = True
    list_filter_sheet = True

    @property
    def media(self) -> Media:
        """Only what chooses rows of a list: no page has fields of models, so none needs what helps to fill them."""
        return Media(js=["admin/js/actions.js"])


class TableBase(ThemeTabularInline):
    """Rows that belong to an object, in its page."""


class Tool:
    """What the command palette shows: a title, what it is, where it leads, and an icon."""

    def __init__(self, title: str, description: str, link: str, icon: str = "tag"):
        self.title, self.description, self.link, self.icon = title, description, link, icon

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Tool) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.title, self.link))
