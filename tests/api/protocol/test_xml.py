"""The XML form of answers."""

from types import SimpleNamespace
from xml.etree import ElementTree

from cloudstack import __version__


def xml(person: SimpleNamespace, command: str, **params: str):
    """Sent without ``response``: XML is the default."""
    response = person.api.http.get("/client/api", person.api.sign({"command": command, **params}))
    assert response["Content-Type"] == "text/xml; charset=UTF-8"
    return response, ElementTree.fromstring(response.content)


def test_a_list(root: SimpleNamespace, gadget) -> None:
    for name in ("a<&>", "b"):
        gadget(name)
    response, tree = xml(root, "listGadgets")
    assert response.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?><listgadgetsresponse ')
    assert tree.tag == "listgadgetsresponse"
    assert tree.attrib == {"cloud-stack-version": __version__}
    assert tree.findtext("count") == "2"
    assert [item.findtext("name") for item in tree.findall("gadget")] == ["gadget-a<&>", "gadget-b"]
    assert tree.find("gadget").findtext("ispublic") == "true"


def test_an_empty_list(root: SimpleNamespace) -> None:
    _, tree = xml(root, "listGadgets", response="xml")
    assert len(tree) == 0


def test_an_error(root: SimpleNamespace) -> None:
    response, tree = xml(root, "breakGadget", how="capacity")
    assert response.status_code == 533
    assert tree.findtext("errorcode") == "533"
    assert tree.findtext("uuidList/uuid") == "u-1"


def test_strangers_do_not_learn_the_version(root: SimpleNamespace) -> None:
    response = root.api.http.get("/client/api", {"command": "listGadgets"})
    assert response.status_code == 401
    assert ElementTree.fromstring(response.content).attrib == {}


def test_keys_that_are_no_element_names(root: SimpleNamespace) -> None:
    _, tree = xml(root, "echoGadget", needed="x", **{"details[0].key": "a key <1>", "details[0].value": "v\u00fc"})
    entry = tree.find("echo/values/details/entry")
    assert (entry.findtext("key"), entry.findtext("value")) == ("a key <1>", "v\u00fc")
