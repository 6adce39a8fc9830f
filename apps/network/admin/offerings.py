"""Network offerings with their services."""

from django.contrib import admin

from apps.network.admin.base import CommandAdmin
from apps.network.models import NetworkOffering, NetworkOfferingService


class ServiceInline(admin.TabularInline):
    """Who gives what."""

    model = NetworkOfferingService
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(NetworkOffering)
class NetworkOfferingAdmin(CommandAdmin):
    list_display = ["name", "guest_type", "state", "is_default", "specify_vlan", "is_persistent", "sort_key"]
    list_filter = ["state", "guest_type", "is_default"]
    search_fields = ["name", "display_text", "uuid"]
    inlines = [ServiceInline]
    actions = ["enable", "disable", "delete_offerings"]

    @admin.action(description="Enable", permissions=["operate"])
    def enable(self, request, queryset):
        self.run(request, queryset, "updateNetworkOffering", state="Enabled")

    @admin.action(description="Disable", permissions=["operate"])
    def disable(self, request, queryset):
        self.run(request, queryset, "updateNetworkOffering", state="Disabled")

    @admin.action(description="Delete offerings", permissions=["operate"])
    def delete_offerings(self, request, queryset):
        self.run(request, queryset, "deleteNetworkOffering")


@admin.register(NetworkOfferingService)
class NetworkOfferingServiceAdmin(CommandAdmin):
    list_display = ["offering", "service", "provider"]
    list_filter = ["service", "provider"]
    list_select_related = ["offering"]
    search_fields = ["offering__name", "service", "provider"]
