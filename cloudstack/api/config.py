"""Settings of the API layer."""

from cloudstack.api.addresses import check_networks
from cloudstack.framework.configuration.keys import ConfigKey, Scope

DEFAULT_PAGE_SIZE = ConfigKey(
    "default.page.size",
    int,
    500,
    "Rows of a list whose caller names no page, and the largest page that may be asked for.",
    minimum=1,
    maximum=10_000,
)
SESSION_TIMEOUT_MIN = ConfigKey(
    "session.timeout",
    int,
    30,
    "Minutes without a call after which a session of the command API ends.",
    minimum=1,
    maximum=24 * 60,
)
SESSION_SAMESITE = ConfigKey(
    "api.sessionkey.cookie.samesite",
    str,
    "Lax",
    "Attribute SameSite of the cookies of the command API; NoneAndSecure also marks them Secure, Null leaves it out.",
    choices=("Lax", "Strict", "NoneAndSecure", "Null"),
)
SESSION_KEY_PLACES = ConfigKey(
    "api.sessionkey.check.locations",
    str,
    "CookieAndParameter",
    "Where a call in a session must bring the session key.",
    choices=("CookieAndParameter", "CookieOrParameter", "ParameterOnly"),
)
SECURE_COOKIES = ConfigKey(
    "enable.secure.session.cookie",
    bool,
    False,
    "Mark the cookies of the command API Secure even where the portal itself is not reached by HTTPS.",
)
JSON_TYPE = ConfigKey(
    "json.content.type",
    str,
    "application/json; charset=UTF-8",
    "Content type of answers in JSON.",
    choices=(
        "application/json; charset=UTF-8",
        "application/json",
        "text/javascript; charset=UTF-8",
        "text/javascript",
    ),
)
SOURCE_CHECKS = ConfigKey(
    "api.source.cidr.checks.enabled", bool, True, "Whether api.allowed.source.cidr.list is looked at."
)
ALLOWED_SOURCES = ConfigKey(
    "api.allowed.source.cidr.list",
    str,
    "0.0.0.0/0,::/0",
    "Networks from which an account may call the API, separated by commas. The admin pages are not subject to it.",
    scope=Scope.ACCOUNT,
    check=check_networks,
)
THROTTLING_ENABLED = ConfigKey(
    "api.throttling.enabled", bool, False, "Whether the calls of each account are limited; root admins never are."
)
THROTTLING_INTERVAL_S = ConfigKey(
    "api.throttling.interval",
    int,
    1,
    "Seconds over which calls are counted.",
    minimum=1,
    maximum=86_400,
    parent="api.throttling.enabled",
)
THROTTLING_MAX = ConfigKey(
    "api.throttling.max",
    int,
    25,
    "Calls that an account may make in one interval.",
    minimum=1,
    parent="api.throttling.enabled",
)
ENFORCE_POST_AND_EXPIRY = ConfigKey(
    "enforce.post.requests.and.timestamps",
    bool,
    False,
    "Take commands that change something by POST only, and signatures only with an end at most 15 minutes ahead.",
)
IDEMPOTENCY_KEPT_H = ConfigKey(
    "api.idempotency.hours",
    int,
    24,
    "Hours for which a call can be repeated under its idempotency key without being carried out again.",
    minimum=1,
    maximum=24 * 30,
)
STREAM_LASTS_S = ConfigKey(
    "api.stream.seconds",
    int,
    120,
    "Seconds after which a stream of events ends; its reader comes back by itself.",
    minimum=5,
    maximum=3600,
)
STREAMS_A_PROCESS = ConfigKey(
    "api.streams.per.process",
    int,
    4,
    "Streams of events that a process of the web server serves at once; each keeps one of its threads busy.",
    minimum=0,
    maximum=1000,
)
