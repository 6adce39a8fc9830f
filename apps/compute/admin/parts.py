"""Network cards, attachments and SSH keys in the admin."""

from django.contrib import admin

from apps.accounts.admin.base import CloudAdmin
from apps.compute.models import Drive, Nic, SshKeyPair, VolumeAttachment


@admin.register(Nic)
class NicAdmin(CloudAdmin):
    list_display = ("mac", "ipv4", "vm", "network", "device_id", "hostname", "is_default", "created")
    list_filter = ("is_default",)
    list_select_related = ("vm", "network")
    search_fields = ("mac", "ipv4", "hostname", "uuid", "vm__uuid", "network__name")
    ordering = ("-id",)
    commands = (
        (
            "removeNicFromVirtualMachine",
            "Remove from its machine",
            {"params": lambda nic: {"nicid": nic.uuid, "virtualmachineid": nic.vm.uuid}},
        ),
        (
            "updateDefaultNicForVirtualMachine",
            "Make it the default",
            {"params": lambda nic: {"nicid": nic.uuid, "virtualmachineid": nic.vm.uuid}},
        ),
    )


@admin.register(VolumeAttachment)
class VolumeAttachmentAdmin(CloudAdmin):
    list_display = ("volume", "vm", "device_id", "attached")
    list_select_related = ("volume", "vm")
    search_fields = ("volume__name", "volume__uuid", "vm__name", "vm__uuid")
    ordering = ("-id",)
    commands = (("detachVolume", "Detach", {"params": lambda row: {"id": row.volume.uuid}, "confirm": True}),)


@admin.register(Drive)
class DriveAdmin(CloudAdmin):
    list_display = ("vm", "iso", "pool", "inserted")
    list_select_related = ("vm", "iso", "pool")
    search_fields = ("vm__name", "vm__uuid", "iso__name", "iso__uuid")
    ordering = ("-id",)
    commands = (("detachIso", "Detach", {"params": lambda row: {"virtualmachineid": row.vm.uuid}, "confirm": True}),)


@admin.register(SshKeyPair)
class SshKeyPairAdmin(CloudAdmin):
    list_display = ("name", "account", "domain", "fingerprint", "created")
    list_select_related = ("account", "domain")
    search_fields = ("name", "fingerprint", "uuid", "account__name")
    ordering = ("-id",)
    commands = (
        (
            "deleteSSHKeyPair",
            "Delete",
            {"params": lambda pair: {"name": pair.name, "account": pair.account.name, "domainid": pair.domain.uuid}},
        ),
    )
