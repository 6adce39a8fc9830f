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
        from apps.accounts.models import ResourceType
        from apps.accounts.services import project_removal
        from apps.accounts.services.counting import register_counter
        from apps.accounts.services.project_membership import projects_of
        from cloudstack.api import authentication

        project_removal.register()
        register_counter(ResourceType.PROJECT, projects_of)

        authentication.register(AccountsAuthenticator())
