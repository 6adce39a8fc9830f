"""Reference pages, written from what the code declares: commands, responses, settings, events, hooks and more.

``manage.py write_reference`` writes them; a test fails when the pages in ``docs/reference`` say something else.
"""

from collections.abc import Callable

from apps.portal.reference import (
    commands,
    coverage,
    environment,
    events,
    hooks,
    jobs,
    metrics,
    responses,
    settings,
    states,
)

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "responses.md": responses.page,
    "settings.md": settings.page,
    "events.md": events.page,
    "jobs.md": jobs.page,
    "states.md": states.page,
    "metrics.md": metrics.page,
    "hooks.md": hooks.page,
    "environment.md": environment.page,
    "../api-coverage.md": coverage.page,
}
"""File name below ``docs/reference`` → what writes it."""


def pages() -> dict[str, str]:
    """File name → text, as the code says at this moment. Needs ready apps, no database."""
    return {name: write() for name, write in PAGES.items()}
