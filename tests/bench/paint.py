"""How long until a person sees something: pages among 100,000 machines, served by gunicorn, drawn by Chromium."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client

from cloudstack.runtime.processes import free_port
from tests.bench.figures import Figure, percentile
from tests.bench.surroundings import process
from tests.browser.conftest import FLAGS

AIM_MS = 1000
TIMES = 3
PAINTED = """() => new Promise(resolve => {
  const look = () => performance.getEntriesByName("first-contentful-paint")[0];
  if (look()) return resolve(look().startTime);
  new PerformanceObserver(() => look() && resolve(look().startTime)).observe({type: "paint", buffered: true});
})"""


def paint(folder: Path, visits: Mapping[str, tuple[Client, Mapping[str, str]]]) -> Iterator[list[Figure]]:
    """First contentful paint of each page for each signed-in client: its first visit, and the p50 of later ones."""
    program = shutil.which("chromium")
    if program is None:
        yield [Figure("first paint", 0, "ms", note="not measured: there is no chromium", broken=True)]
        return
    from playwright.sync_api import sync_playwright

    port = free_port("127.0.0.1", 20_000 + os.getpid() % 20_000)
    arguments = ("gunicorn", "cloudstack.wsgi", "-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", "16")
    with process(folder, "web", *arguments), sync_playwright() as playwright:
        _wait(port)
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS), headless=True)
        for who, (client, pages) in visits.items():
            context = browser.new_context()
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            base = f"http://127.0.0.1:{port}"
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": base}])
            page = context.new_page()
            for name, path in pages.items():
                first, *later = [_painted(page, base + path) for _ in range(TIMES + 1)]
                note = f"first visit {first:.0f} ms"
                yield [Figure(f"first paint {name}, {who}", percentile(later, 50), "ms p50", aim=AIM_MS, note=note)]
            context.close()
        browser.close()


def _painted(page: Any, address: str) -> float:
    answer = page.goto(address)
    if answer is None or answer.status != 200 or "sign-in" in page.url:
        raise RuntimeError(f"{address}: {answer and answer.status}, ended at {page.url}")
    return float(page.evaluate(PAINTED))


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            HTTPConnection("127.0.0.1", port, timeout=30).request("GET", "/healthz")
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("gunicorn does not listen")
