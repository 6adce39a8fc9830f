"""App configuration: ready() imports what registers itself, nothing more."""

from cloudstack.framework.apps_support import CloudAppConfig


class AccountsConfig(CloudAppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        super().ready()
        from apps.accounts.api import quota  # noqa: F401 - registers a section of plans
        from apps.accounts.api.authentication import AccountsAuthenticator
        from cloudstack.api import authentication

        authentication.register(AccountsAuthenticator())
