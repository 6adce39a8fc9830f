"""REST made from the registry."""

import io
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ApiKeyPair, ApiToken
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.rest.authentication import signature_of, signed_text
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs
from tests.support.rest import BASE, Rest, problem

pytestmark = pytest.mark.usefixtures("routes")


def test_lists_are_paged_with_links(rest: Rest, gadget) -> None:
    for name in "abc":
        gadget(name)
    first = rest("get", "/gadgets", page=1, pagesize=2)
    assert first.status_code == 200
    assert first.body["count"] == 3
    assert len(first.body["results"]) == 2
    assert first.body["previous"] is None
    second = rest.http.get(first.body["next"], headers=rest.headers)
    assert [row["name"] for row in orjson.loads(second.content)["results"]] == ["gadget-c"]
    assert rest("get", "/gadgets").body["count"] == 3
    assert rest("get", "/gadgets", page=9, pagesize=2).body == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }


def test_filters_and_unknown_filters(rest: Rest, gadget) -> None:
    gadget("a", type=1), gadget("b", type=2)
    assert [row["name"] for row in rest("get", "/gadgets", number=2).body["results"]] == ["gadget-b"]
    assert problem(rest("get", "/gadgets", nmae="x"), 400)["parameter"] == "nmae"
    assert "pagesize" in problem(rest("get", "/gadgets", pagesize="many"), 400)["detail"]
    problem(rest("get", "/gadgets", pagesize=501), 400)
    problem(rest("get", "/gadgets", page=0), 400)


def test_one_object(rest: Rest, gadget) -> None:
    row = gadget("a")
    assert rest("get", f"/gadgets/{row.uuid}").body["name"] == "gadget-a"
    for missing in ("5f64b1ac-0000-4000-8000-000000000000", "12"):
        problem(rest("get", f"/gadgets/{missing}"), 404)


def test_create_change_delete(rest: Rest) -> None:
    made = rest("post", "/gadgets", {"name": "new", "number": 2})
    assert (made.status_code, made.body["number"]) == (201, 2)
    where = f"/gadgets/{made.body['id']}"
    changed = rest("patch", where, {"name": "newer"})
    assert (changed.status_code, changed.body["name"]) == (200, "gadget-newer")
    assert rest("delete", where).status_code == 204
    problem(rest("get", where), 404)
    problem(rest("delete", where), 404)


def test_an_action_answers_its_job(rest: Rest, gadget) -> None:
    row = gadget("a")
    accepted = rest("post", f"/gadgets/{row.uuid}/start", {"fail": False})
    assert accepted.status_code == 202
    assert accepted["Location"] == accepted.body["job"]
    pending = orjson.loads(rest.http.get(accepted.body["job"], headers=rest.headers).content)
    assert pending["jobstatus"] == 0
    run_jobs()
    done = orjson.loads(rest.http.get(accepted.body["job"], headers=rest.headers).content)
    assert done["jobresult"]["gadget"]["id"] == str(row.uuid)
    assert AsyncJob.objects.get().command == "startGadget"
    assert rest("get", "/jobs", listall="true").body["count"] == 1


def test_asynchronous_creation_names_object_and_job(rest: Rest) -> None:
    # createGadget has the place itself; deployGadget is the action of its own verb.
    accepted = rest("post", "/gadgets/deploy", {"name": "new"})
    assert accepted.status_code == 202
    assert {"id", "jobid", "job"} == set(accepted.body)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "name"),
        ({"name": "x", "number": "many"}, "number"),
        ({"name": "x", "number": 9}, "number"),
        ({"name": ["x"]}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"nmae": "x"}, "nmae"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "x" * 300}, "name"),
    ],
)
def test_mistakes_are_problems_that_name_the_parameter(rest: Rest, body: dict, parameter: str) -> None:
    found = problem(rest("post", "/gadgets", body), 400)
    assert found["parameter"] == parameter
    assert (found["code"], found["title"]) == (431, "A parameter has a value that is not possible.")


def test_values_of_every_shape(rest: Rest) -> None:
    sent = {
        "needed": "x",
        "number": 7,
        "flag": True,
        "names": ["a", "b"],
        "numbers": [1, 2],
        "details": {"cpuNumber": "2", "key": "k"},
        "niclist": [{"ip": "10.0.0.5"}],
        "startdate": "2026-11-23T08:00:00Z",
        "kind": None,
    }
    values = rest("post", "/gadgets/echo", sent).body["values"]
    assert values["flag"] is True
    assert values["names"] == ["a", "b"]
    assert values["numbers"] == [1, 2]
    assert values["details"] == {"cpuNumber": "2", "key": "k"}
    assert values["nics"] == [{"ip": "10.0.0.5"}]
    assert values["begin"].startswith("2026-11-23T08:00:00")
    assert "choice" not in values
    problem(rest("post", "/gadgets/echo", {"needed": "x", "flag": "yes"}), 400)
    problem(rest("post", "/gadgets/echo", {"needed": "x", "names": ["a,b"]}), 400)
    problem(rest("post", "/gadgets/echo", {"needed": "x", "details": [1]}), 400)
    problem(rest("post", "/gadgets/echo", ["needed"]), 400)


def test_who_may_not(rest: Rest, ada: SimpleNamespace, bob: SimpleNamespace, gadget) -> None:
    user = Rest(ada)
    problem(user("post", "/gadgets", {"name": "x"}), 403)
    public, hidden = gadget("public"), gadget("hidden", owner=bob)
    problem(user("patch", f"/gadgets/{public.uuid}", {"name": "x"}), 403)
    problem(user("patch", f"/gadgets/{hidden.uuid}", {"name": "x"}), 404)
    problem(user("get", f"/gadgets/{hidden.uuid}"), 404)


def test_without_or_with_a_wrong_token(rest: Rest) -> None:
    response = Client().get(f"{BASE}/gadgets")
    problem(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"
    rest.headers = {"Authorization": "Bearer wrong"}
    problem(rest("get", "/gadgets"), 401)


def test_a_user_makes_a_token_and_takes_it_back(root: SimpleNamespace, ada: SimpleNamespace) -> None:
    def call(command: str, **params: Any) -> Any:
        return dispatch(command, params, ada.caller)

    made = call("createUserToken", name="laptop").body["usertoken"]
    token = made["token"]
    stored = ApiToken.objects.values().get(uuid=made["id"])
    assert token not in str(stored)
    for scheme in ("Bearer", "Token"):
        answer = Client().get(f"{BASE}/gadgets", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 200
    (listed,) = call("listUserTokens").rows
    assert "token" not in listed
    assert listed["hint"] == token[:8]
    assert listed["lastused"]
    with pytest.raises(InvalidParameter, match="already"):
        call("createUserToken", name="laptop")
    call("deleteUserToken", id=made["id"])
    problem(Client().get(f"{BASE}/gadgets", headers={"Authorization": f"Bearer {token}"}), 401)
    assert call("listUserTokens").rows == []


def test_a_token_ends_at_its_date(ada: SimpleNamespace) -> None:
    user = Rest(ada)
    assert user("get", "/gadgets").status_code == 200
    ApiToken.objects.filter(user=ada.user).update(end_date=timezone.now())
    problem(user("get", "/gadgets"), 401)


class Signed:
    """Sends requests that are signed with a key pair."""

    def __init__(self, person: SimpleNamespace):
        self.person = person

    def __call__(self, method: str, url: str, body: bytes = b"", *, sent: bytes | None = None, ahead: int = 60):
        path, _, query = url.partition("?")
        expires = str(int(time.time()) + ahead)
        text = signed_text(method=method, path=path, query=parse_qsl(query), expires=expires, body=body)
        signature = signature_of(text, self.person.api.secret)
        header = f"CloudStack Credential={self.person.api.api_key}, Expires={expires}, Signature={signature}"
        return Client().generic(
            method, url, sent or body, content_type="application/json", headers={"Authorization": header}
        )


def test_a_key_pair_signs_method_path_query_and_body(root: SimpleNamespace, gadget) -> None:
    gadget("a b")
    send = Signed(root)
    found = send("GET", f"{BASE}/gadgets?name=gadget-a%20b&page=1&pagesize=5")
    assert orjson.loads(found.content)["count"] == 1
    assert send("POST", f"{BASE}/gadgets", b'{"name": "signed"}').status_code == 201
    problem(send("POST", f"{BASE}/gadgets", b'{"name": "one"}', sent=b'{"name": "two"}'), 401)
    problem(send("GET", f"{BASE}/gadgets", ahead=-1), 401)
    assert "seconds ahead" in problem(send("GET", f"{BASE}/gadgets", ahead=3600), 401)["detail"]
    ApiKeyPair.objects.filter(user=root.user).update(enabled=False)
    assert "disabled" in problem(send("GET", f"{BASE}/gadgets"), 401)["detail"]


def test_the_signature_of_the_how_to_is_taken(root: SimpleNamespace) -> None:
    text = (settings.BASE_DIR / "docs" / "how-to" / "sign-in-and-keys.md").read_text()
    code = text.partition("```python\n")[2].partition("\nrequest = signed(")[0]
    told: dict[str, Any] = {}
    exec(code, told)
    query = [("page", "1"), ("pagesize", "20"), ("name", "a b&c")]
    request = told["signed"](
        "GET", "https://testserver", f"{BASE}/gadgets", query, b"", root.api.api_key, root.api.secret
    )
    answer = Client().get(request.full_url, headers={"Authorization": request.get_header("Authorization")})
    assert answer.status_code == 200


def test_a_disabled_users_token_ends(ada: SimpleNamespace) -> None:
    user = Rest(ada)
    type(ada.user.account).objects.filter(pk=ada.user.account_id).update(state="disabled")
    problem(user("get", "/gadgets"), 401)


def test_a_browser_session_needs_the_csrf_token(root: SimpleNamespace) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(root.user, backend="apps.accounts.backends.DomainUserBackend")
    page = browser.get(f"{BASE}/gadgets", headers={"Accept": "text/html"})
    assert page.status_code == 200
    problem(browser.post(f"{BASE}/gadgets", {"name": "x"}), 403)
    token = browser.cookies["csrftoken"].value
    made = browser.post(f"{BASE}/gadgets", {"name": "x", "number": ""}, headers={"X-CSRFToken": token})
    assert made.status_code == 201


def test_the_browsable_api_has_a_form_of_the_parameters(root: SimpleNamespace, gadget) -> None:
    row = gadget("a")
    browser = Client()
    browser.force_login(root.user, backend="apps.accounts.backends.DomainUserBackend")
    html = browser.get(f"{BASE}/gadgets", headers={"Accept": "text/html"}).content.decode()
    assert 'name="name"' in html
    assert 'name="number"' in html
    assert "gadget-a" in html
    action = browser.get(f"{BASE}/gadgets/{row.uuid}/start", headers={"Accept": "text/html"}).content.decode()
    assert 'name="fail"' in action
    one = browser.get(f"{BASE}/gadgets/{row.uuid}", headers={"Accept": "text/html"})
    assert one.status_code == 200
    index = browser.get(f"{BASE}/", headers={"Accept": "text/html"}).content.decode()
    assert f"{BASE}/gadgets" in index


def test_nothing_there(rest: Rest) -> None:
    problem(rest("get", "/unicorns"), 404)
    problem(rest("put", "/gadgets/x", {}), 405)
    assert rest("post", "/gadgets", {"name": "x"}).status_code == 201
    broken = rest.http.post(f"{BASE}/gadgets", b"{", content_type="application/json", headers=rest.headers)
    problem(broken, 400)
    odd = rest.http.post(f"{BASE}/gadgets", b"<a/>", content_type="text/xml", headers=rest.headers)
    problem(odd, 415)


def test_a_large_body_and_a_bug(rest: Rest, ada: SimpleNamespace) -> None:
    problem(rest("post", "/gadgets", {"name": "x" * 10 * 1024 * 1024}), 413)
    found = problem(Rest(ada)("post", "/gadgets/break", {"how": "bug"}), 500)
    assert "secret detail" not in found["detail"]


def test_the_schema_is_made_without_a_warning(settings: Any) -> None:
    errors = io.StringIO()
    out = io.StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", "--format", "openapi-json", stdout=out, stderr=errors)
    document = orjson.loads(out.getvalue())
    operations = {
        (method, where): operation["operationId"]
        for where, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert operations[("get", "/api/v1/gadgets")] == "listGadgets"
    assert operations[("get", "/api/v1/gadgets/{uuid}")] == "listGadgetsById"
    assert operations[("post", "/api/v1/gadgets")] == "createGadget"
    assert operations[("patch", "/api/v1/gadgets/{uuid}")] == "updateGadget"
    assert operations[("delete", "/api/v1/gadgets/{uuid}")] == "deleteGadget"
    assert operations[("post", "/api/v1/gadgets/{uuid}/start")] == "startGadget"
    assert operations[("get", "/api/v1/jobs/{uuid}")] == "queryAsyncJobResult"
    assert len(set(operations.values())) == len(operations)


def test_schema_and_documents_need_no_network(rest: Rest) -> None:
    assert rest.http.get(f"{BASE}/schema", headers=rest.headers).status_code == 200
    page = rest.http.get(f"{BASE}/docs", headers=rest.headers).content.decode()
    assert "//cdn" not in page
    assert "drf_spectacular_sidecar" in page
