"""User data that is kept under a name, and which templates bring some along."""

from django.db import models

from apps.accounts.models import OwnedModel
from apps.compute.states import UserDataPolicy
from apps.storage.models import Template
from cloudstack.framework.search import text_indexes
from cloudstack.framework.secrets import EncryptedField


class UserData(OwnedModel):
    """Base64 text of an account under a name. ``params`` is a comma list of the variables that stand in it."""

    name = models.CharField(max_length=255)
    text = EncryptedField()
    params = models.CharField(max_length=4096, blank=True, default="")

    class Meta(OwnedModel.Meta):
        verbose_name = "user data"
        verbose_name_plural = "user data"
        indexes = [
            *OwnedModel.Meta.indexes,
            *text_indexes("user_data", "name"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=models.Q(removed__isnull=True),
                name="user_data_name_once_per_account",
            )
        ]

    def __str__(self) -> str:
        return self.name


class TemplateUserData(models.Model):
    """The user data that machines of a template get, and what becomes of what their users send beside it."""

    template = models.OneToOneField(Template, on_delete=models.CASCADE, related_name="user_data_link")
    user_data = models.ForeignKey(UserData, on_delete=models.PROTECT, related_name="template_links")
    policy = models.CharField(max_length=32, choices=UserDataPolicy, default=UserDataPolicy.ALLOW_OVERRIDE)

    class Meta:
        verbose_name = "user data of a template"
        verbose_name_plural = "user data of templates"

    def __str__(self) -> str:
        return f"{self.user_data} for {self.template}"
