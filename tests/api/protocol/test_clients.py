"""A client library from PyPI, unmodified, against a real HTTP server."""

from types import SimpleNamespace

import pytest
from cs import CloudStack, CloudStackApiException
from django.db import connections

from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def connections_end_with_their_request(monkeypatch) -> None:
    """Threads of the live server would keep theirs, and a PostgreSQL database in use cannot be dropped."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


@pytest.fixture
def cs(live_server, root: SimpleNamespace) -> CloudStack:
    return CloudStack(
        endpoint=f"{live_server.url}/client/api", key=root.api.api_key, secret=root.api.secret, poll_interval=0.05
    )


def test_lists_objects_and_errors(cs: CloudStack, gadget) -> None:
    assert cs.listGadgets() == {}
    assert cs.listGadgets(fetch_list=True) == []
    for name in ("a~b*c [d]", "ü&=+/"):
        gadget(name)
    assert cs.listGadgets(name="gadget-a~b*c [d]")["count"] == 1
    assert cs.listGadgets(keyword="ü&=+/")["count"] == 1
    assert len(cs.listGadgets(fetch_list=True)) == 2
    assert cs.createGadget(name="new")["gadget"]["name"] == "gadget-new"
    with pytest.raises(CloudStackApiException) as caught:
        cs.createGadget()
    assert caught.value.error["errorcode"] == 431
    assert "missing parameter name" in caught.value.error["errortext"]


def test_lists_longer_than_a_page(cs: CloudStack, gadget) -> None:
    for number in range(7):
        gadget(str(number))
    assert len(cs.listGadgets(fetch_list=True, page_size=3)) == 7


def test_maps_and_posts(cs: CloudStack) -> None:
    values = cs.echoGadget(needed="x", details={"cpuNumber": 2}, names=["a", "b"], flag=True)["echo"]["values"]
    assert values["details"] == {"cpuNumber": "2"}
    assert values["names"] == ["a", "b"]
    cs.method = "post"
    long = cs.echoGadget(needed="x", userdata="z" * 500_000)["echo"]["values"]
    assert len(long["userdata"]) == 500_000


def test_jobs(cs: CloudStack, gadget, monkeypatch) -> None:
    row = gadget("a")
    # The client asks for the result in a loop; the job runs while it waits.
    monkeypatch.setattr("cs.client.time.sleep", lambda seconds: run_jobs())
    assert cs.startGadget(id=str(row.uuid), fetch_result=True)["gadget"]["id"] == str(row.uuid)
    with pytest.raises(CloudStackApiException) as caught:
        cs.startGadget(id=str(row.uuid), fail=True, fetch_result=True)
    assert "no room for the gadget" in str(caught.value.error)
    assert AsyncJob.objects.count() == 2


def test_a_wrong_secret(live_server, root: SimpleNamespace) -> None:
    cs = CloudStack(endpoint=f"{live_server.url}/client/api", key=root.api.api_key, secret="wrong")
    with pytest.raises(CloudStackApiException) as caught:
        cs.listGadgets()
    assert caught.value.error["errorcode"] == 401


def test_ten_megabytes_over_a_real_connection(cs: CloudStack) -> None:
    cs.method = "post"
    with pytest.raises(CloudStackApiException) as caught:
        cs.echoGadget(needed="x" * 10 * 1024 * 1024)
    assert caught.value.error["errorcode"] == 413
