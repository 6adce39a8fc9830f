"""Webhooks and deliveries on the wire."""

from apps.accounts.api.responses.owner import OwnerFields
from apps.notifications.models import Webhook, WebhookDelivery
from apps.notifications.states import DeliveryState
from cloudstack.api import BOOL, DATE, STRING, Field, Response

_ENDED = {DeliveryState.SUCCEEDED: True, DeliveryState.FAILED: False}


class WebhookResponse(OwnerFields):
    """A webhook. Its key is never shown again: receivers know it."""

    object_name = "webhook"
    model = Webhook

    id = Field("uuid", help="UUID of the webhook")
    name = Field(help="its name")
    description = Field(help="what it is for")
    state = Field(help="Enabled or Disabled")
    payloadurl = Field("payload_url", help="where events are sent to")
    secretkey = Field(
        compute=lambda row: "****" if row["secret_key"] else None,
        needs=("secret_key",),
        type=STRING,
        help="that there is a key with which payloads are signed",
    )
    sslverification = Field("ssl_verification", type=BOOL, help="whether the certificate of the address is checked")
    scope = Field(help="whose events it hears of: Local, Domain or Global")
    created = Field(type=DATE, help="when it was made")


class WebhookDeliveryResponse(Response):
    object_name = "webhookdelivery"
    model = WebhookDelivery

    id = Field("uuid", help="UUID of the delivery")
    eventid = Field("event_uuid", help="the event that was sent; none for a test")
    eventtype = Field("event_type", help="type of that event")
    webhookid = Field("webhook__uuid", help="the webhook that it went to")
    webhookname = Field("webhook__name", help="name of the webhook")
    headers = Field(help="headers that were sent, without the signature")
    payload = Field(help="what was sent")
    success = Field(
        compute=lambda row: _ENDED.get(row["state"]),
        needs=("state",),
        type=BOOL,
        help="whether it arrived; not there while it is under way",
    )
    response = Field(help="the beginning of what the address answered, or why it could not be reached")
    startdate = Field("started", type=DATE, help="when it was last tried")
    enddate = Field("ended", type=DATE, help="when it arrived or was given up")
