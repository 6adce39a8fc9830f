"""App configuration: ready() imports what registers itself, nothing more."""

from cloudstack.framework.apps_support import CloudAppConfig


class MetadataConfig(CloudAppConfig):
    name = "apps.metadata"
    label = "metadata"
    verbose_name = "Metadata"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        super().ready()
        from apps.accounts.api import attached
        from apps.accounts.services.removal import register_follower
        from apps.metadata.api import attachments
        from apps.metadata.models import ResourceTag
        from apps.metadata.services.lifecycle import detach
        from cloudstack.framework.models import on_removal

        attached.provide(attachments)
        on_removal(detach)
        # A tag goes with its object.
        register_follower(ResourceTag)
