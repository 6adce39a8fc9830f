"""Affinity groups, instance groups and user data in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin, CloudInline
from apps.compute.models import AffinityGroup, AffinityMembership, InstanceGroup, TemplateUserData, UserData


class MembershipInline(CloudInline):
    model = AffinityMembership
    fields = ("vm",)
    joined = ("vm",)
    verbose_name_plural = "machines"


@admin.register(AffinityGroup)
class AffinityGroupAdmin(CloudAdmin):
    list_display = ("name", "type", "account", "domain", "is_domain_wide", "created")
    list_filter = ("type", "is_domain_wide")
    list_select_related = ("account", "domain")
    search_fields = ("name", "uuid", "account__name")
    ordering = ("-id",)
    inlines = (MembershipInline,)
    commands = (("deleteAffinityGroup", "Delete"),)


@admin.register(AffinityMembership)
class AffinityMembershipAdmin(CloudAdmin):
    list_display = ("group", "vm")
    list_select_related = ("group", "vm")
    search_fields = ("group__name", "vm__name", "vm__uuid")
    ordering = ("-id",)
    has_job_panels = False


@admin.register(InstanceGroup)
class InstanceGroupAdmin(CloudAdmin):
    list_display = ("name", "account", "domain", "created")
    list_select_related = ("account", "domain")
    search_fields = ("name", "uuid", "account__name")
    ordering = ("-id",)
    commands = (("deleteInstanceGroup", "Delete"),)


@admin.register(UserData)
class UserDataAdmin(CloudAdmin):
    list_display = ("name", "account", "domain", "params", "created")
    list_select_related = ("account", "domain")
    search_fields = ("name", "uuid", "account__name")
    ordering = ("-id",)


@admin.register(TemplateUserData)
class TemplateUserDataAdmin(CloudAdmin):
    list_display = ("template", "user_data", "policy")
    list_filter = ("policy",)
    list_select_related = ("template", "user_data")
    search_fields = ("template__name", "template__uuid", "user_data__name")
    ordering = ("-id",)
    has_job_panels = False
