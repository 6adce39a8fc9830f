"""Guest networks and the hosts that they are on."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.network.models import Network, NetworkHost, NetworkRule


class NetworkHostInline(CloudInline):
    """Where the network is now."""

    model = NetworkHost
    fields = readonly_fields = ["host", "bridge", "serves", "idle_since", "created"]
    joined = ["host", "network"]


@admin.register(Network)
class NetworkAdmin(CloudAdmin):
    list_display = [
        "name",
        "guest_type",
        "state",
        "account",
        "zone",
        "cidr",
        "vni",
        "services_up",
        "service_host",
        "restart_required",
    ]
    list_filter = ["state", "guest_type", "acl_type", "services_up", "restart_required", "zone"]
    list_select_related = ["account", "zone", "service_host"]
    search_fields = ["name", "uuid", "cidr", "account__name"]
    inlines = [NetworkHostInline]
    commands = [
        ("restartNetwork", "Restart"),
        ("restartNetwork", "Restart from scratch", {"cleanup": "true"}),
        ("deleteNetwork", "Delete"),
    ]


@admin.register(NetworkHost)
class NetworkHostAdmin(CloudAdmin):
    list_display = ["network", "host", "bridge", "serves", "idle_since", "created"]
    list_filter = ["serves"]
    list_select_related = ["network", "host"]
    search_fields = ["network__name", "network__uuid", "host__name", "bridge"]


@admin.register(NetworkRule)
class NetworkRuleAdmin(CloudAdmin):
    list_display = [
        "kind",
        "state",
        "network",
        "address",
        "protocol",
        "start_port",
        "end_port",
        "guest_ip",
        "account",
    ]
    list_filter = ["kind", "state", "protocol"]
    list_select_related = ["network", "address", "account"]
    search_fields = ["network__name", "address__address", "guest_ip", "account__name", "uuid"]
