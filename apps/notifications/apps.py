"""App configuration: ready() imports what registers itself, nothing more."""

from cloudstack.framework.apps_support import CloudAppConfig


class NotificationsConfig(CloudAppConfig):
    name = "apps.notifications"
    label = "notifications"
    verbose_name = "Notifications"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        super().ready()
        from apps.accounts.services.removal import Stage, register_remover
        from apps.notifications import tasks  # noqa: F401 - registers the task
        from apps.notifications.models import Webhook
        from apps.notifications.services.event_alerts import alert_for
        from apps.notifications.services.outbox import put_out
        from cloudstack.framework.events.bus import register_sink

        register_remover(Webhook, stage=Stage.OTHERS)
        register_sink(put_out)
        register_sink(alert_for)
