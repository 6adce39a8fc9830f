"""Coffees in the admin."""

from django.contrib import admin

from cloudstack.plugin.admin import CloudAdmin
from plugins.features.coffee.models import Coffee


@admin.register(Coffee)
class CoffeeAdmin(CloudAdmin):
    list_display = ("name", "offering", "size", "state", "account", "domain", "since", "created")
    list_filter = ("state", "offering", "size")
    search_fields = ("name", "uuid", "account__name")
    list_select_related = ("account", "domain")
    commands = (("removeCoffee", "Discard and remove"),)
