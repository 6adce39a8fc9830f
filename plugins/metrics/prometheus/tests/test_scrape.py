"""Debian's Prometheus scrapes the portal."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cloudstack.plugin.metrics import counters
from cloudstack.testing.jobs import run_jobs
from cloudstack.testing.scheduler import run_scheduled
from plugins.metrics.prometheus import own, sampling
from plugins.metrics.prometheus.tests.reading import TOKEN
from tests.support.cloud import SimulatedCloud, build_cloud

FOLDER = Path(own.__file__).parent
WAIT_S = 90

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: cloudstack
    metrics_path: /metrics
    authorization: {{credentials_file: "{token}"}}
    static_configs: [{{targets: ["{portal}"]}}]
  - job_name: cloudstack-cloud
    metrics_path: /metrics/cloud
    honor_labels: true
    authorization: {{credentials_file: "{token}"}}
    static_configs: [{{targets: ["{portal}"]}}]
  - job_name: stranger
    metrics_path: /metrics/cloud
    static_configs: [{{targets: ["{portal}"]}}]
"""

Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def portal(transactional_db: None, live_server: Any) -> Iterator[tuple[str, SimulatedCloud]]:
    cloud = build_cloud(hosts=2, clusters=1)
    cloud.admin.call("updateConfiguration", name="prometheus.exporter.token", value=TOKEN)
    for name in ("one", "two"):
        cloud.deploy(name=name)
    run_jobs()
    for job in ("compute.statistics", "compute.statistics", "infrastructure.host_check", "infrastructure.host_load"):
        run_scheduled(job)
    # Hooks were called before the cache was emptied for this test.
    [in_hooks] = [one for one in counters() if one.name == "cloudstack_plugin_hook_seconds_total"]
    in_hooks.add(0.01, plugin="prometheus", hook="register_metrics")
    sampling.sample()
    yield urllib.parse.urlsplit(live_server.url).netloc, cloud


@pytest.fixture
def prometheus(portal: tuple[str, SimulatedCloud], tmp_path: Path) -> Iterator[Ask]:
    """Answers an expression, from the Prometheus that scrapes the portal."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus here: as root, bin/bootstrap --dev installs it")
    token, config = tmp_path / "token", tmp_path / "prometheus.yml"
    token.write_text(TOKEN)
    config.write_text(CONFIG.format(rules=FOLDER / "rules" / "cloudstack.rules.yml", token=token, portal=portal[0]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = [
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = tmp_path / "log"
    with log.open("wb") as out, subprocess.Popen([program, *arguments], stdout=out, stderr=out) as running:

        def ask(expression: str) -> list[dict[str, Any]]:
            assert running.poll() is None, log.read_text()
            query = urllib.parse.urlencode({"query": expression})
            with urllib.request.urlopen(f"http://{address}/api/v1/query?{query}", timeout=10) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

        try:
            yield ask
        finally:
            running.terminate()


def until(ask: Ask, expression: str) -> list[dict[str, Any]]:
    """The answer, as soon as there is one."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            if found := ask(expression):
                return found
        except (urllib.error.URLError, ConnectionError):  # it is not up yet
            pass
        time.sleep(0.2)
    raise AssertionError(f"no answer to {expression} in {WAIT_S} s")


@pytest.mark.slow
def test_prometheus_reads_both_doors_and_all_that_the_dashboard_asks_for(
    portal: tuple[str, SimulatedCloud], prometheus: Ask
) -> None:
    _, cloud = portal
    running = f'sum(cloudstack_vms_total{{zone="{cloud.zone.name}",filter="running"}}) == 2'
    assert until(prometheus, running)
    named = 'cloudstack_vm_memory_bytes * on (vm) group_left (name) cloudstack_vm_info{name="one"}'
    assert float(until(prometheus, named)[0]["value"][1]) == cloud.offering.memory_mib * 1024**2
    assert until(prometheus, "count_over_time(django_http_requests_before_middlewares_total[1m]) > 2")
    assert until(prometheus, f'rate(django_db_execute_total{{vendor="{connection.vendor}"}}[1m]) >= 0')
    assert until(prometheus, 'up{job="stranger"} == 0')
    assert until(prometheus, 'min(up{job=~"cloudstack|cloudstack-cloud"}) == 1')
    assert until(prometheus, 'scrape_samples_scraped{job="cloudstack-cloud"} > 200')
    board = json.loads((FOLDER / "grafana" / "cloudstack.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            if panel["title"] not in QUIET:
                # Rates need two scrapes, and a busy machine is late with the second.
                assert until(prometheus, target["expr"].replace("$__rate_interval", "1m").replace("$zone", ".*"))


QUIET = {
    "Addresses and numbers in use",
    "Cache",
    "Hooks that failed",
    "Jobs that live",
    "Periodic jobs that fail",
    "Programs that were heard of",
    "Series that were left out",
    "Tasks of the workers",
}
"""Panels that show nothing here: the tests' cloud has no broker, no Redis, no workers, and nothing that fails."""
