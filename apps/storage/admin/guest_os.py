"""Guest operating systems in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.storage.models import GuestOs, GuestOsCategory


@admin.register(GuestOsCategory)
class GuestOsCategoryAdmin(CloudAdmin):
    list_display = ["name", "is_featured", "sort_key", "uuid"]
    ordering = ("sort_key", "id")
    list_filter = ["is_featured"]
    search_fields = ["name", "uuid"]


@admin.register(GuestOs)
class GuestOsAdmin(CloudAdmin):
    list_display = ["description", "category", "is_user_defined", "is_displayed", "uuid"]
    list_filter = ["category", "is_user_defined", "is_displayed"]
    list_select_related = ["category"]
    search_fields = ["description", "uuid"]
