"""What a user proves beside the password: a second factor, and codes for the day on which it is lost."""

from django.conf import settings
from django.db import models

from cloudstack.framework.models import PublicModel
from cloudstack.framework.secrets import EncryptedField


class TwoFactorProvider(models.TextChoices):
    """Names as on CloudStack's wire."""

    TOTP = "totp", "time-based codes of an authenticator app"
    STATIC_PIN = "staticpin", "a fixed PIN"


class TwoFactor(PublicModel):
    """A second factor that is set up. Until a first right code confirms it, it changes nothing for the user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="two_factors")
    provider = models.CharField(max_length=16, choices=TwoFactorProvider)
    secret = EncryptedField(editable=False)
    """The key of the codes in Base32, or the PIN."""
    confirmed = models.DateTimeField(null=True, blank=True, editable=False)
    last_step = models.BigIntegerField(default=0, editable=False)
    """The interval of the newest code that was taken: no code of it, or of an earlier one, is taken again."""
    failures = models.PositiveIntegerField(default=0, editable=False)
    """Wrong codes since the last right one."""
    last_failure = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("user",), condition=models.Q(confirmed__isnull=False), name="one_second_factor_in_force"
            ),
            models.UniqueConstraint(
                fields=("user",), condition=models.Q(confirmed__isnull=True), name="one_second_factor_to_confirm"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} of {self.user}"


class RecoveryCode(PublicModel):
    """A code that stands in for the second factor once. Only its hash is stored."""

    factor = models.ForeignKey(TwoFactor, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64, editable=False)
    used = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("factor", "code_hash"), name="recovery_code_once_per_factor")]

    def __str__(self) -> str:
        return f"recovery code of {self.factor.user}"
