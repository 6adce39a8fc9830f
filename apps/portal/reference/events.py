"""The page of event types."""

from apps.portal.reference import markdown
from cloudstack.framework.events.types import event_types

INTRODUCTION = """\
Types of the events that `listEvents` shows and that plugins are told of by the hook
[`event_published`](hooks.md#event_published). An event of a job is written three times, in the states *Scheduled*,
*Started* and *Completed*; one that failed has the level *ERROR*. All are written in the transaction of the change."""


def page() -> str:
    rows = [(markdown.code(name), meaning) for name, meaning in event_types().items()]
    return markdown.page("Event types", INTRODUCTION, markdown.table(("type", "when"), rows))
