"""The browsable API as HTML: forms made from parameters, filled in and sent without a script."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from tests.support.rest import BASE

pytestmark = pytest.mark.usefixtures("routes")


class Fields(HTMLParser):
    """Names of the fields of a page, with their attributes; options of a select under its name."""

    def __init__(self, html: str):
        super().__init__()
        self.named: dict[str, dict[str, Any]] = {}
        self.options: dict[str, list[str]] = {}
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        found = dict(attrs)
        if tag in ("input", "select", "textarea") and "name" in found:
            self.named.setdefault(found["name"], found)
            self.inside = found["name"] if tag == "select" else ""
        elif tag == "option":
            self.options.setdefault(self.inside, []).append(str(found.get("value")))


class Browser:
    def __init__(self, person: SimpleNamespace):
        self.http = Client()
        self.http.force_login(person.user, backend="apps.accounts.backends.DomainUserBackend")

    def __call__(self, where: str, data: Any = None, **query: Any) -> Any:
        headers = {"Accept": "text/html"}
        if data is not None:
            answer = self.http.post(BASE + where, data, headers=headers)
        else:
            answer = self.http.get(BASE + where, query, headers=headers)
        answer.html = answer.content.decode()
        answer.fields = Fields(answer.html)
        return answer


def mistakes(html: str) -> list[str]:
    return [" ".join(text.split()) for text in re.findall(r'class="mistake"[^>]*>(.*?)</p>', html, re.S)]


@pytest.fixture
def browser(root: SimpleNamespace) -> Browser:
    return Browser(root)


def test_a_list_has_the_form_of_its_filters_and_links_to_its_objects(browser: Browser, gadget) -> None:
    row, other = gadget("a", type=1), gadget("b", type=2)
    page = browser("/gadgets", number=1)
    assert {"name", "number", "ids", "keyword"} <= set(page.fields.named)
    assert not {"page", "after"} & set(page.fields.named), "links do that"
    assert page.fields.named["number"]["value"] == "1"
    assert f"{BASE}/gadgets/{row.uuid}" in page.html
    assert str(other.uuid) not in page.html


def test_a_mistake_in_a_filter_stands_at_its_field(browser: Browser) -> None:
    page = browser("/gadgets", number="many")
    assert page.status_code == 400
    assert mistakes(page.html) == ["a whole number from -2147483648 to 2147483647 is expected"]
    assert page.fields.named["number"]["value"] == "many"


def test_empty_fields_of_a_form_filter_nothing(browser: Browser, gadget) -> None:
    row = gadget("a")
    assert str(row.uuid) in browser("/gadgets", name="", number="", ids="", keyword="").html


def test_a_form_is_refused_with_the_mistakes_and_what_was_written(browser: Browser) -> None:
    page = browser("/gadgets", {"name": "", "number": "9"})
    assert page.status_code == 400
    assert mistakes(page.html) == ["This field is required.", "a whole number from 1 to 4 is expected"]
    made = browser("/gadgets", {"name": "x", "number": "2"})
    assert made.status_code == 201
    assert made["Location"] in made.html


def test_an_action_is_a_form_in_a_browser_and_no_answer_for_programs(browser: Browser, gadget) -> None:
    where = f"/gadgets/{gadget('a').uuid}/start"
    page = browser(where)
    assert page.status_code == 200
    assert page.fields.options["fail"] == ["", "true", "false"]
    assert browser.http.get(BASE + where).status_code == 405
    accepted = browser(where, {"fail": ""})
    assert accepted.status_code == 202
    assert accepted["Location"] in accepted.html
    planned = browser(f"{where}?plan=true", {"fail": ""})
    assert "nothing has been changed" in planned.html


def test_objects_are_chosen_by_name_among_those_that_one_sees(
    browser: Browser, ada: SimpleNamespace, bob: SimpleNamespace, gadget
) -> None:
    mine, hidden = gadget("mine", owner=ada), gadget("hidden", owner=bob)
    offered = Browser(ada)("/gadgets/echo").fields.options["gadgetids"]
    assert str(mine.uuid) in offered
    assert str(hidden.uuid) not in offered
    echoed = browser("/gadgets/echo", {"needed": "x", "gadgetids": [str(mine.uuid), str(hidden.uuid)]})
    assert echoed.status_code == 200
    assert str(hidden.uuid) in Browser(ada)("/gadgets/echo", {"needed": "x", "gadgetids": str(hidden.uuid)}).html
    assert Browser(ada)("/gadgets/echo", {"needed": "x", "gadgetids": str(hidden.uuid)}).status_code == 400


def test_what_only_admins_may_send_and_do_is_not_shown_to_others(browser: Browser, ada: SimpleNamespace) -> None:
    assert "quiet" in browser("/gadgets/echo").fields.named
    assert "quiet" not in Browser(ada)("/gadgets/echo").fields.named
    assert "Create gadget" in browser("/gadgets").html
    assert "Create gadget" not in Browser(ada)("/gadgets").html


def test_what_others_wrote_is_no_html(browser: Browser, gadget) -> None:
    row = gadget('<script>alert("1")</script>')
    for page in (browser("/gadgets"), browser(f"/gadgets/{row.uuid}"), browser("/gadgets", name="<script>x</script>")):
        assert "<script>alert" not in page.html
        assert "<script>x" not in page.html


def test_whoever_is_not_known_is_shown_the_way_in() -> None:
    page = Client().get(f"{BASE}/gadgets", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert "401" in page.content.decode()


def test_the_first_page_names_what_one_may_do(browser: Browser, ada: SimpleNamespace) -> None:
    assert f'href="http://testserver{BASE}/gadgets"' in browser("/").html
    assert "/hosts" in browser("/").html
    assert "/hosts" not in Browser(ada)("/").html
