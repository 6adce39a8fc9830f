"""Settings of the notifications app."""

from cloudstack.framework.configuration.keys import ConfigKey, Scope
from cloudstack.framework.safe_fetch import parse_networks


def _networks(text: str) -> None:
    parse_networks(text)


DELIVERY_TIMEOUT_S = ConfigKey(
    "webhook.delivery.timeout",
    int,
    10,
    "Seconds that the address of a webhook has for its answer.",
    minimum=1,
    maximum=60,
)
DELIVERY_TRIES = ConfigKey(
    "webhook.delivery.tries",
    int,
    3,
    "How often an event is sent to a webhook before it is given up.",
    minimum=1,
    maximum=20,
)
DELIVERIES_KEPT = ConfigKey(
    "webhook.deliveries.limit", int, 10, "Deliveries of a webhook that are kept after they have ended.", minimum=1
)
ALLOWED_NETWORKS = ConfigKey(
    "webhook.allowed.networks",
    str,
    "",
    "Networks to which webhooks may send although they are not public, as CIDRs separated by commas.",
    check=_networks,
)
MAX_WEBHOOKS = ConfigKey(
    "webhook.max.per.account", int, 20, "Webhooks that an account may have.", minimum=0, scope=Scope.ACCOUNT
)
ALERT_ADDRESSES = ConfigKey(
    "alert.email.addresses", str, "", "Addresses that alerts are mailed to, separated by commas; none if empty."
)
ALERT_SENDER = ConfigKey("alert.email.sender", str, "", "Sender of mailed alerts; Django's default sender if empty.")
