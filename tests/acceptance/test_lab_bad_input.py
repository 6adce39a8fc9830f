"""What comes wrong to the real door: a code, a sentence, nothing kept, and no traceback in answers or logs."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cs import CloudStackApiException

from cloudstack.api.signature import canonical_texts, sign
from tests.acceptance.lab_cloud import LabCloud, read_admin_env

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("acceptance")]

LARGE = 10 << 20
NOBODY = "00000000-0000-4000-8000-000000000000"


def send(cloud: LabCloud, *, method: str = "GET", secret: str = "", **params: str) -> requests.Response:
    """A request signed by hand, with whatever is wrong with it."""
    env = read_admin_env(cloud.installation.data)
    complete = {"apiKey": env["CLOUDSTACK_KEY"], "response": "json", **params}
    complete["signature"] = sign(canonical_texts(complete)[0], secret or env["CLOUDSTACK_SECRET"])
    if method == "POST":
        return requests.post(cloud.endpoint, data=complete, timeout=60)
    return requests.get(cloud.endpoint, params=complete, timeout=60)


def counted(cloud: LabCloud) -> dict[str, int]:
    admin = cloud.admin
    return {
        "machines": admin.listVirtualMachines(listall=True).get("count", 0),
        "templates": admin.listTemplates(templatefilter="all", listall=True).get("count", 0),
        "volumes": admin.listVolumes(listall=True).get("count", 0),
        "jobs": admin.listAsyncJobs(listall=True).get("count", 0),
    }


def test_requests_that_are_wrong_in_themselves(cloud: LabCloud) -> None:
    stamp = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    for answer, code, words in (
        (send(cloud, command="listUnicorns"), 432, "listUnicorns"),
        (send(cloud, command="listZones", secret="wrong"), 401, ""),
        (send(cloud, command="listZones", signatureVersion="3", expires=stamp), 401, ""),
        (send(cloud, command="deployVirtualMachine"), 431, "missing parameter"),
        (send(cloud, command="stopVirtualMachine", id="first"), 431, "id"),
        (send(cloud, command="stopVirtualMachine", id=NOBODY), 431, NOBODY),
        (send(cloud, command="deployVirtualMachine", userdata="A" * LARGE, method="POST"), 413, ""),
    ):
        assert answer.status_code == code, answer.text[:300]
        [body] = answer.json().values()
        assert body["errorcode"] == code and words in body["errortext"] and body["errortext"]
        assert "Traceback" not in answer.text
    # What does not even fit into a request line never reaches the portal.
    refused = send(cloud, command="deployVirtualMachine", userdata="A" * LARGE)
    assert 400 <= refused.status_code < 500 and "Traceback" not in refused.text


def test_templates_from_where_nothing_may_be_fetched(cloud: LabCloud) -> None:
    before = counted(cloud)
    port = cloud.installation.port
    params: dict[str, Any] = {
        "name": "bad", "displaytext": "bad", "format": "QCOW2", "hypervisor": "KVM", "zoneid": cloud.zone,
    }  # fmt: skip
    for url in (
        f"http://127.0.0.1:{port}/healthz", f"http://localhost:{port}/healthz", "http://169.254.169.254/latest/",
        f"http://[::1]:{port}/", "http://10.0.0.1/x.qcow2", "file:///etc/passwd", "gopher://example.org/x",
    ):  # fmt: skip
        try:
            answer = cloud.admin.registerTemplate(url=url, **params)
        except CloudStackApiException as refused:
            assert refused.error["errorcode"] == 431 and "url" in refused.error["errortext"], url
            continue
        # A name is looked up by the job: what it leads to is refused there, and the template says why.
        assert "localhost" in url, f"{url} was taken: {answer}"
        [template] = answer["template"]
        cloud.admin.deleteTemplate(id=template["id"], fetch_result=True)
    assert counted(cloud)["templates"] == before["templates"]


def test_a_user_data_secret_is_in_no_log(cloud: LabCloud) -> None:
    word = f"hunter2-{secrets.token_hex(8)}"
    with pytest.raises(CloudStackApiException) as refused:
        cloud.deploying(userdata=word, networkids=cloud.network["id"])
    assert word not in str(refused.value.error)
    assert [name for name, text in logs(cloud).items() if word in text] == []


def test_no_traceback_is_in_the_portals_log(cloud: LabCloud) -> None:
    assert "Traceback" not in logs(cloud)["web.log"]


def logs(cloud: LabCloud) -> dict[str, str]:
    folder = cloud.installation.data / "log"
    return {path.name: path.read_text(errors="replace") for path in folder.glob("*.log*")}
