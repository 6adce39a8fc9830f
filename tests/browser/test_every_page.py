"""Every page, looked at by axe and measured: nothing serious stands in a reader's way, in either light, on any width.

``bin/screenshots`` runs this file and keeps the pictures.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from cloudstack.runtime.config import REPO
from tests.browser.conftest import DESKTOP, PHONE, SHOTS, Window
from tests.browser.test_portal import sign_in
from tests.support.cloud import SimulatedCloud
from tests.support.showcase import show

AXE = REPO / "node_modules" / "axe-core" / "axe.min.js"
MOST_BYTES = 500_000
"""A page with all that it loads, as it is sent the first time (compressed as a production server does)."""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
GRAVE = ("serious", "critical")


def faults(page: Any, axe: str) -> list[str]:
    """What axe finds serious or critical, each with the first element that has it."""
    page.evaluate(axe)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", list(RULES))
    return [
        f"{one['id']}: {one['nodes'][0]['target']} ({len(one['nodes'])})"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


def weigh(page: Any) -> int:
    """Bytes of what the page loaded, decoded: no less than what is sent."""
    script = (
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
    )
    return int(page.evaluate(script))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", ["user", "operator"])
def test_every_page(window: Callable[..., Window], cloud: SimulatedCloud, who: str) -> None:
    case = show(cloud)
    # Colours on their way from one light to the other are none to be judged.
    view = window(viewport=DESKTOP, reduced_motion="reduce")
    if who == "user":
        sign_in(view, case.user)
        pages = case.users_pages()
    else:
        view.log_in()
        pages = case.operators_pages()
    axe = AXE.read_text(encoding="utf-8")
    wrong: list[str] = []
    for name, path in pages.items():
        for scheme in ("light", "dark"):
            # The admin's theme asks the system for its light once, when a page is loaded.
            view.page.emulate_media(color_scheme=scheme)
            view.open(path)
            if who == "user" and (bytes_ := weigh(view.page)) > MOST_BYTES:
                wrong.append(f"{path}: {bytes_} bytes")
            wrong += [f"{path} ({scheme}): {fault}" for fault in faults(view.page, axe)]
            keep(view, f"{who}-{name}-{scheme}")
        view.page.set_viewport_size(PHONE)
        if (wider := view.overflow_px()) > 0:
            wrong.append(f"{path}: {wider} px wider than a phone")
        keep(view, f"{who}-{name}-phone")
        view.page.set_viewport_size(DESKTOP)
    assert wrong == []


def keep(view: Window, name: str) -> None:
    """A picture, if somebody wants them; with what the page loads afterwards."""
    if os.environ.get(SHOTS):
        view.page.wait_for_load_state("networkidle")
        view.shot(name)
