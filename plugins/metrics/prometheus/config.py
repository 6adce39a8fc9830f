"""Settings of the exporter. The first two have CloudStack's names."""

from cloudstack.plugin.settings import ConfigKey
from cloudstack.plugin.web import networks_of

CATEGORY = "Prometheus"
MIN_TOKEN = 16


def _readable(text: str) -> None:
    networks_of(text)


def _long_enough(token: str) -> None:
    if token and len(token) < MIN_TOKEN:
        raise ValueError(f"a token has {MIN_TOKEN} letters or more")


ENABLED = ConfigKey(
    "prometheus.exporter.enable",
    bool,
    True,
    description="Whether figures are read and shown to Prometheus at /metrics and /metrics/cloud.",
    category=CATEGORY,
)
ALLOWED = ConfigKey(
    "prometheus.exporter.allowed.ips",
    str,
    "",
    description="Addresses and networks that may read the figures without a token, by comma, as in "
    "192.0.2.10, 10.0.0.0/8. Empty: none; then a token or an administrator's session is needed.",
    category=CATEGORY,
    check=_readable,
    parent=ENABLED.name,
)
TOKEN = ConfigKey(
    "prometheus.exporter.token",
    str,
    "",
    description=f"Bearer token that opens the figures from any address; {MIN_TOKEN} letters or more. Empty: none does.",
    category=CATEGORY,
    secret=True,
    check=_long_enough,
    parent=ENABLED.name,
)
INTERVAL_S = ConfigKey(
    "prometheus.exporter.interval",
    int,
    60,
    description="Seconds between two readings of the figures of the cloud; Prometheus need not scrape them more often.",
    category=CATEGORY,
    minimum=15,
    maximum=3600,
    parent=ENABLED.name,
)
MOST_SERIES = ConfigKey(
    "prometheus.exporter.series.max",
    int,
    10_000,
    description="Series of one name that are shown at most, such as one for each machine. How many were left out is "
    "shown as cloudstack_exporter_series_cut.",
    category=CATEGORY,
    minimum=1,
    maximum=1_000_000,
    parent=ENABLED.name,
)
