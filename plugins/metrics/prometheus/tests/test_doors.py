"""Figures for Prometheus are not for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cloudstack.testing.api import ApiError
from plugins.metrics.prometheus.hooks import register_doctor_checks
from plugins.metrics.prometheus.tests.reading import TOKEN, Figures
from tests.support.cloud import SimulatedCloud

DOORS = ("/metrics", "/metrics/cloud")
Setting = Callable[[str, Any], None]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("configured", "headers", "status"),
    [
        ("", {}, 401),
        ("", {"Authorization": "Bearer "}, 401),
        (TOKEN, {}, 401),
        (TOKEN, {"Authorization": "Bearer wrong"}, 401),
        (TOKEN, {"Authorization": TOKEN}, 401),
        (TOKEN, {"Authorization": f"Basic {TOKEN}"}, 401),
        (TOKEN, {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, {"Authorization": f"bearer {TOKEN}"}, 200),
    ],
)
def test_a_token_opens(setting: Setting, door: str, configured: str, headers: dict[str, str], status: int) -> None:
    if configured:
        setting("prometheus.exporter.token", configured)
    answer = Client().get(door, headers=headers)
    assert answer.status_code == status
    text = answer.getvalue()
    assert (b"# TYPE" in text) is (status == 200)
    assert TOKEN.encode() not in text


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        ("", "127.0.0.1", 401),
        ("10.0.0.0/8, 192.0.2.1", "10.1.2.3", 200),
        ("10.0.0.0/8, 192.0.2.1", "192.0.2.1", 200),
        ("10.0.0.0/8, 192.0.2.1", "192.0.2.2", 401),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 200),
        ("2001:db8::/32", "2001:db8::9", 200),
        ("0.0.0.0/0", "", 401),
    ],
)
def test_an_address_opens(setting: Setting, door: str, allowed: str, address: str, status: int) -> None:
    if allowed:
        setting("prometheus.exporter.allowed.ips", allowed)
    assert Client(REMOTE_ADDR=address).get(door).status_code == status
    # What a client writes himself counts for nothing.
    forged = Client(REMOTE_ADDR="198.51.100.1").get(door, headers={"X-Forwarded-For": address})
    assert forged.status_code == (200 if allowed == "0.0.0.0/0" else 401)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("prometheus.exporter.allowed.ips", "10.0.0.0/40", "is no network"),
        ("prometheus.exporter.token", "short", "prometheus.exporter.token"),
    ],
)
def test_settings_that_cannot_be_are_refused(cloud: SimulatedCloud, name: str, value: str, words: str) -> None:
    with pytest.raises(ApiError, match=words):
        cloud.admin.call("updateConfiguration", name=name, value=value)


def test_the_token_is_shown_to_nobody(
    cloud: SimulatedCloud, setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting("prometheus.exporter.token", TOKEN)
    Client().get("/metrics/cloud", headers={"Authorization": f"Bearer {TOKEN}"})
    assert TOKEN not in str(cloud.admin.call("listConfigurations", name="prometheus.exporter.token"))
    assert TOKEN not in str(cloud.admin.call("listEvents")) and TOKEN not in caplog.text


def test_switched_off_there_is_nothing(setting: Setting, scrape: Callable[[], Figures]) -> None:
    setting("prometheus.exporter.enable", "false")
    for door in DOORS:
        assert Client().get(door, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


@pytest.mark.parametrize("door", DOORS)
def test_a_session_opens_for_staff_only(browser_of_role: Callable[[str], Client], door: str) -> None:
    assert browser_of_role("user").get(door).status_code == 401
    operator = browser_of_role("root")
    assert operator.get(door).status_code == 200
    assert operator.post(door).status_code == 405


def test_without_packing_the_text_is_the_same(scrape: Callable[[], Figures]) -> None:
    packed = scrape()
    plain = Client().get("/metrics/cloud", headers={"Authorization": f"Bearer {TOKEN}"})
    assert "Content-Encoding" not in plain.headers
    text = b"".join(plain.streaming_content).decode()
    assert text.splitlines()[-1] == packed.text.splitlines()[-1]
    assert text.count("# TYPE") == packed.text.count("# TYPE")


def test_the_doctor_tells_who_still_sets_the_variable_of_former_versions(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    (check,) = register_doctor_checks()
    assert (check.function().well, check.function().text) == (True, "open to administrators who are logged in")
    setting("prometheus.exporter.token", TOKEN)
    assert check.function().text == "open by prometheus.exporter.token"
    monkeypatch.setenv("CLOUDSTACK_METRICS_TOKEN", "what-was-secret-before")
    found = check.function()
    assert not found.well and "prometheus.exporter.token" in found.remedy
    assert "what-was-secret-before" not in repr(found)
