"""Guest operating systems, for templates to say what they hold."""

from django.db import models

from cloudstack.framework.models import CloudModel


class GuestOsCategory(CloudModel):
    """A family of operating systems."""

    name = models.CharField(max_length=255)
    is_featured = models.BooleanField(default=False)
    sort_key = models.IntegerField(default=0)
    """Place in lists, lowest first."""
    seeded_as = models.CharField(max_length=255, blank=True, default="", editable=False)
    """Name under which it came with the platform, whatever it is called now; empty for an operator's own."""

    class Meta(CloudModel.Meta):
        verbose_name = "guest OS category"
        verbose_name_plural = "guest OS categories"
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(removed__isnull=True), name="guest_os_category_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class GuestOs(CloudModel):
    """One operating system; ``description`` is the name that users see, ``name`` another one if it has one."""

    category = models.ForeignKey(GuestOsCategory, on_delete=models.PROTECT, related_name="systems")
    description = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    is_user_defined = models.BooleanField(default=False)
    is_displayed = models.BooleanField(default=True)

    class Meta(CloudModel.Meta):
        verbose_name = "guest OS"
        verbose_name_plural = "guest OSes"
        constraints = [
            models.UniqueConstraint(
                fields=["description"], condition=models.Q(removed__isnull=True), name="guest_os_description_once"
            )
        ]

    def __str__(self) -> str:
        return self.description
