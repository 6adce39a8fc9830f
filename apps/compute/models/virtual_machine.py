"""The virtual machine."""

from django.conf import settings
from django.db import models

from apps.accounts.models import OwnedModel
from apps.compute.models.instance_group import InstanceGroup
from apps.compute.models.service_offering import ServiceOffering
from apps.compute.states import LeaseAction, VmState
from apps.storage.models import GuestOs, Template
from cloudstack.framework.search import text_indexes
from cloudstack.framework.secrets import EncryptedField


class VirtualMachine(OwnedModel):
    """A machine of a user. Size is copied from the offering, so that a later change there alters nothing here.

    ``host`` is set while the machine takes room on one (``VM_HOLDS_HOST``), ``last_host`` afterwards.
    ``name`` is the host name inside the guest, ``cpu_mhz`` the promised speed of one virtual CPU.
    """

    name = models.CharField(max_length=63)
    display_name = models.CharField(max_length=255, blank=True, default="")
    zone = models.ForeignKey("infrastructure.Zone", on_delete=models.PROTECT, related_name="vms")
    host = models.ForeignKey(
        "infrastructure.Host", null=True, blank=True, on_delete=models.PROTECT, related_name="vms", editable=False
    )
    last_host = models.ForeignKey(
        "infrastructure.Host", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    hypervisor = models.CharField(max_length=32)
    service_offering = models.ForeignKey(ServiceOffering, on_delete=models.PROTECT, related_name="vms")
    template = models.ForeignKey(Template, on_delete=models.PROTECT, related_name="vms")
    guest_os = models.ForeignKey(
        GuestOs, null=True, blank=True, on_delete=models.PROTECT, related_name="vms", verbose_name="guest OS"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """Who deployed it."""
    cpus = models.PositiveSmallIntegerField()
    cpu_mhz = models.PositiveIntegerField()
    memory_mib = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=VmState, default=VmState.STOPPED, editable=False)
    group = models.ForeignKey(InstanceGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="vms")
    user_data = EncryptedField(null=True, blank=True)
    """Base64 text as the guest gets it; may hold secrets of the user."""
    user_data_source = models.ForeignKey(
        "compute.UserData", null=True, blank=True, on_delete=models.PROTECT, related_name="vms"
    )
    """Registered user data that ``user_data`` was made from."""
    user_data_details = EncryptedField(null=True, blank=True)
    """JSON: values of the variables in the user data."""
    password = EncryptedField(null=True, blank=True, editable=False)
    """Of the guest's administrator, where the template takes one."""
    password_job = models.UUIDField(null=True, blank=True, editable=False)
    """The job whose result shows the password: the one that set it."""
    seed_generation = models.PositiveIntegerField(default=0, editable=False)
    """Raised when the guest has to take its password, keys or user data anew: it sets itself up once more then."""
    public_keys = models.JSONField(default=list, blank=True)
    key_pair_names = models.CharField(max_length=1024, blank=True, default="")
    ha_enabled = models.BooleanField(default=False)
    is_displayed = models.BooleanField(default=True)
    dynamically_scalable = models.BooleanField(default=False)
    delete_protection = models.BooleanField(default=False)
    details = models.JSONField(default=dict, blank=True)
    lease_expires = models.DateTimeField(null=True, blank=True, editable=False)
    """When ``lease_action`` is taken; None for a machine without a lease."""
    lease_action = models.CharField(max_length=16, choices=LeaseAction, blank=True, default="", editable=False)
    lease_ended = models.BooleanField(default=False, editable=False)
    updated = models.DateTimeField(null=True, blank=True, editable=False)
    destroyed_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When it went to Destroyed; it is expunged ``expunge.delay`` seconds later."""

    class Meta(OwnedModel.Meta):
        verbose_name = "virtual machine"
        constraints = [
            models.CheckConstraint(condition=models.Q(cpus__gte=1, memory_mib__gte=1), name="vm_has_cpu_and_memory")
        ]
        indexes = [
            *OwnedModel.Meta.indexes,
            models.Index(fields=["host", "state"], condition=models.Q(removed__isnull=True), name="vm_on_host"),
            models.Index(fields=["zone", "id"], condition=models.Q(removed__isnull=True), name="vm_in_zone"),
            models.Index(fields=["state", "id"], condition=models.Q(removed__isnull=True), name="vm_in_state"),
            models.Index(fields=["name"], condition=models.Q(removed__isnull=True), name="vm_name"),
            models.Index(fields=["display_name"], condition=models.Q(removed__isnull=True), name="vm_display_name"),
            models.Index(fields=["id"], condition=models.Q(removed__isnull=True), name="vm_alive"),
            models.Index(
                fields=["lease_expires"],
                condition=models.Q(removed__isnull=True, lease_expires__isnull=False),
                name="vm_with_lease",
            ),
            models.Index(fields=["group"], condition=models.Q(removed__isnull=True), name="vm_in_group"),
            *text_indexes("vm", "name", "display_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seed_id(self) -> str:
        """Under which identity the guest sets itself up; another one makes it do so again at its next boot."""
        return f"{self.uuid}-{self.seed_generation}" if self.seed_generation else str(self.uuid)

    @property
    def instance_name(self) -> str:
        """Name of the machine on its hypervisor."""
        return instance_name(self.uuid)


def instance_name(uuid: object) -> str:
    """Name on the hypervisor of the machine with this UUID."""
    return f"i-{str(uuid).replace('-', '')[:12]}-VM"
