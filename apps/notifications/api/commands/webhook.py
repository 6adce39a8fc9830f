"""Webhooks and their deliveries."""

from django.db.models import QuerySet

from apps.accounts.api.listing import AccountScopedListCmd
from apps.accounts.api.owner import OwnedCmd
from apps.notifications.api.responses.webhook import WebhookDeliveryResponse, WebhookResponse
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.selectors import deliveries_visible_to, fit_for
from apps.notifications.services.webhooks import MAX_PAYLOAD, WebhookManager
from apps.notifications.states import WebhookScope, WebhookState
from cloudstack.api import Access, BaseCmd, BaseListCmd, Choice, Date, Flag, Ref, Secret, Str, SuccessResponse
from cloudstack.framework.errors import InvalidParameter

STATES, SCOPES = WebhookState.values, WebhookScope.values
_URL = "address that events are sent to by POST, http:// or https://, not of a private network"
_KEY = "key with which the payload is signed (HMAC-SHA256 in the header X-CS-Signature)"


class ListWebhooks(AccountScopedListCmd):
    """Lists webhooks: your own, or with listall all that you administer."""

    response = WebhookResponse
    since = "4.20.0"

    webhook_name = Str("name", lookup="name", help="name of the webhook")
    state = Choice("state", STATES, lookup="state", help="only those that are Enabled or Disabled")
    scope = Choice("scope", SCOPES, lookup="scope", help="only those that hear of this much")

    def queryset(self) -> QuerySet[Webhook]:
        return self.owned(fit_for(self.caller, Webhook.objects.all()))


class CreateWebhook(OwnedCmd):
    """Has events sent to an address of yours, from the moment of their commit on; each is tried several times."""

    response = WebhookResponse
    since = "4.20.0"

    webhook_name = Str("name", required=True, help="its name")
    description = Str("description", max_length=1024, help="what it is for")
    state = Choice("state", STATES, default=WebhookState.ENABLED.value, help="Enabled or Disabled")
    payload_url = Str("payloadurl", required=True, max_length=2048, help=_URL)
    secret_key = Secret("secretkey", help=_KEY)
    ssl_verification = Flag("sslverification", default=True, help="false: take any certificate of the address")
    scope = Choice(
        "scope",
        SCOPES,
        default=WebhookScope.LOCAL.value,
        help="Local: events of the account; Domain: of its domain and those below; Global: all. The latter two are "
        "for administrators",
    )

    def execute(self) -> Webhook:
        return WebhookManager().create(
            caller=self.caller,
            owner=self.owner(),
            name=self.webhook_name,
            payload_url=self.payload_url,
            description=self.description or "",
            state=self.state,
            scope=self.scope,
            secret_key=self.secret_key,
            ssl_verification=self.ssl_verification,
        )


class UpdateWebhook(BaseCmd):
    """Changes a webhook."""

    response = WebhookResponse
    since = "4.20.0"

    webhook = Ref("id", Webhook, access=Access.MODIFY, required=True, select_related=["account__domain"], help="it")
    webhook_name = Str("name", help="its new name")
    description = Str("description", max_length=1024, help="what it is for")
    state = Choice("state", STATES, help="Enabled or Disabled")
    payload_url = Str("payloadurl", max_length=2048, help=_URL)
    secret_key = Secret("secretkey", help=_KEY)
    ssl_verification = Flag("sslverification", help="false: take any certificate of the address")
    scope = Choice("scope", SCOPES, help="Local, Domain or Global")

    def execute(self) -> Webhook:
        return WebhookManager().update(
            caller=self.caller,
            webhook=self.webhook,
            name=self.webhook_name or None,
            description=self.description,
            state=self.state,
            payload_url=self.payload_url or None,
            secret_key=self.secret_key,
            ssl_verification=self.ssl_verification if self.given("ssl_verification") else None,
            scope=self.scope,
        )


class DeleteWebhook(BaseCmd):
    """Deletes a webhook and the record of what was sent to it."""

    response = SuccessResponse
    since = "4.20.0"

    webhook = Ref("id", Webhook, access=Access.MODIFY, required=True, help="the webhook")

    def execute(self) -> None:
        WebhookManager().delete(caller=self.caller, webhook=self.webhook)


class ListWebhookDeliveries(BaseListCmd):
    """Lists what was sent to webhooks, the newest first."""

    response = WebhookDeliveryResponse
    since = "4.20.0"
    keyword_fields = ("event_type", "payload")
    ordering = ("-id",)
    ids_filter = None

    webhook = Ref("webhookid", Webhook, lookup="webhook", help="what was sent to this webhook")
    start_date = Date("startdate", lookup="created__gte", help="from this time on")
    end_date = Date("enddate", end_of_day=True, lookup="created__lte", help="until this time")
    event_kind = Str("eventtype", lookup="event_type", help="such as VM.START")

    def queryset(self) -> QuerySet[WebhookDelivery]:
        return deliveries_visible_to(caller=self.caller)


class DeleteWebhookDelivery(BaseCmd):
    """Deletes records of what was sent and has ended."""

    response = SuccessResponse
    since = "4.20.0"

    delivery = Ref("id", WebhookDelivery, access=Access.MODIFY, help="this one")
    webhook = Ref("webhookid", Webhook, access=Access.MODIFY, help="those of this webhook")
    start_date = Date("startdate", help="from this time on")
    end_date = Date("enddate", end_of_day=True, help="until this time")

    def execute(self) -> None:
        asked = {
            "pk": self.delivery.pk if self.delivery else None,
            "webhook": self.webhook,
            "created__gte": self.start_date,
            "created__lte": self.end_date,
        }
        filters = {path: value for path, value in asked.items() if value is not None}
        if not filters:
            raise InvalidParameter("give id, webhookid, startdate or enddate", parameter="id")
        chosen = deliveries_visible_to(caller=self.caller, access=Access.MODIFY).filter(**filters)
        WebhookManager().forget_deliveries(caller=self.caller, deliveries=chosen)


class ExecuteWebhookDelivery(BaseCmd):
    """Sends a delivery once more, or a test message to a webhook; listWebhookDeliveries tells how it went."""

    response = WebhookDeliveryResponse
    since = "4.20.0"

    delivery = Ref(
        "id", WebhookDelivery, access=Access.OPERATE, select_related=["webhook"], help="send this delivery once more"
    )
    webhook = Ref("webhookid", Webhook, access=Access.OPERATE, help="send a test message to this webhook")
    payload = Str("payload", max_length=MAX_PAYLOAD, help="what the test message says")

    def execute(self) -> WebhookDelivery:
        if (self.delivery is None) == (self.webhook is None):
            raise InvalidParameter("give either id or webhookid", parameter="webhookid")
        if self.delivery is not None:
            return WebhookManager().send_again(caller=self.caller, delivery=self.delivery)
        return WebhookManager().send_test(caller=self.caller, webhook=self.webhook, payload=self.payload)
