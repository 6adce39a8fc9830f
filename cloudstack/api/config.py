"""Settings of the API layer."""

from cloudstack.framework.configuration.keys import ConfigKey

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
