"""Accounts in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.accounts.models import Account, User
from apps.accounts.services.accounts import owners_of
from apps.accounts.services.removal import contents


class UserInline(CloudInline):
    model = User
    fields = ("username", "first_name", "last_name", "email", "state")
    readonly_fields = fields
    show_change_link = True


@admin.register(Account)
class AccountAdmin(CloudAdmin):
    list_display = ("name", "domain", "type", "role", "state", "is_default", "cleanup_needed", "uuid", "created")
    list_filter = ("state", "cleanup_needed", "type", "role")
    search_fields = ("name", "uuid", "domain__path")
    ordering = ("domain__path", "name")
    list_select_related = ("domain", "role")
    inlines = (UserInline,)
    commands = (
        ("enableAccount", "Enable"),
        ("disableAccount", "Lock", {"lock": True}),
        ("disableAccount", "Disable", {"lock": False}),
        ("deleteAccount", "Delete with all that it owns", {"tells": lambda account: contents(owners_of(account))}),
    )
