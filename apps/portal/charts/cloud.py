"""The whole cloud over time: machines by state, and how much is taken."""

from django.utils import timezone

from apps.compute.selectors.history import machines_by_state_over_time
from apps.infrastructure.selectors.capacities import CPU, MEMORY
from apps.infrastructure.selectors.history import capacity_shares
from apps.network.selectors.capacities import PUBLIC_ADDRESSES
from apps.portal.charts.chart import Chart, Charts, Series
from apps.portal.charts.units import Unit
from apps.storage.selectors.capacities import IMAGE_STORES, STORAGE_PROMISED
from cloudstack.framework.context import Caller
from cloudstack.framework.rollups.arithmetic import FIVE_MINUTES
from cloudstack.framework.rollups.spans import span_of

KINDS = {
    CPU: "CPU promised",
    MEMORY: "Memory promised",
    STORAGE_PROMISED: "Primary storage promised",
    IMAGE_STORES: "Image stores in use",
    PUBLIC_ADDRESSES: "Public addresses taken",
}


def cloud_charts(*, caller: Caller, span: str | None = None) -> Charts:
    """Two statements, whatever there is of the cloud. Who is no root admin gets no figures."""
    chosen = span_of(span).widened(FIVE_MINUTES)
    moments = chosen.moments(timezone.now())
    states = machines_by_state_over_time(caller=caller, width_s=chosen.width_s, since=moments[0])
    shares = capacity_shares(caller=caller, types=list(KINDS), width_s=chosen.width_s, since=moments[0])
    most_first = sorted(states.items(), key=lambda pair: (-max(pair[1].values()), pair[0]))
    return Charts(
        title="The cloud over time",
        span=chosen,
        charts=[
            Chart(
                "states", "Virtual machines by state", Unit.COUNT, moments, chosen.width_s,
                [Series.of(state, moments, counts) for state, counts in most_first],
            ),
            Chart(
                "capacity", "Capacity that is taken, of what may be", Unit.PERCENT, moments, chosen.width_s,
                [Series.of(title, moments, shares[kind]) for kind, title in KINDS.items() if kind in shares],
                top=100,
            ),
        ],
        empty="There are no figures of this time yet: machines and capacity are counted every five minutes; charts of"
        " a week and a month are drawn from an hour on.",
    )  # fmt: skip
