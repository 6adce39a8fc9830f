"""Paths, names and rules as text."""

import pytest

from apps.accounts.models.domain import ancestor_paths, shown_path
from apps.accounts.models.user import path_from_text, split_login
from apps.accounts.services.names import ensure_dns_suffix, ensure_email, ensure_name
from apps.accounts.services.users import ensure_timezone
from cloudstack.api.registry import compile_rule
from cloudstack.framework.errors import InvalidParameter


def test_paths_name_their_ancestors():
    assert ancestor_paths("/") == ["/"]
    assert ancestor_paths("/sales/emea/") == ["/", "/sales/", "/sales/emea/"]


@pytest.mark.parametrize(("path", "shown"), [("/", "ROOT"), ("/sales/", "ROOT/sales"), ("/a/b/", "ROOT/a/b")])
def test_paths_are_shown_below_root(path, shown):
    assert shown_path(path) == shown
    assert path_from_text(shown) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [("", "/"), ("ROOT", "/"), ("root/", "/"), ("//sales//emea", "/sales/emea/"), ("rooted", "/rooted/")],
)
def test_people_write_paths_in_many_ways(text, path):
    assert path_from_text(text) == path


@pytest.mark.parametrize(
    ("login", "parts"),
    [
        ("admin", ("admin", "/")),
        ("ada@sales/emea", ("ada", "/sales/emea/")),
        ("ada@example.org@sales", ("ada@example.org", "/sales/")),
    ],
)
def test_a_login_names_user_and_domain(login, parts):
    assert split_login(login) == parts


@pytest.mark.parametrize(
    ("rule", "command", "matches"),
    [
        ("listUsers", "listUsers", True),
        ("LISTUSERS", "listUsers", True),
        ("list*", "listUsers", True),
        ("*Users", "listUsers", True),
        ("*", "anything", True),
        ("l*s*s", "listUsers", True),
        ("listUser", "listUsers", False),
        ("list.sers", "listUsers", False),
        ("list*", "unlistUsers", False),
    ],
)
def test_rules_match_whole_names(rule, command, matches):
    assert bool(compile_rule(rule).fullmatch(command)) is matches


@pytest.mark.parametrize("suffix", ["", "example.org", "a", "x-1.example", "1.2.example"])
def test_dns_suffixes_that_are_fine(suffix):
    ensure_dns_suffix(suffix)


@pytest.mark.parametrize("suffix", ["-a", "a-", "a..b", ".a", "a_b", "a b", "x" * 64, "a." * 100 + "a", "ä.example"])
def test_dns_suffixes_that_are_not(suffix):
    with pytest.raises(InvalidParameter):
        ensure_dns_suffix(suffix)


@pytest.mark.parametrize("address", ["a@b.example", " a@b.example ", "admin@localhost"])
def test_mail_addresses_that_are_fine(address):
    assert ensure_email(address) == address.strip()


@pytest.mark.parametrize("address", ["", "a", "a@", "@b", "a b@c.example", "a@b@", "a@b\n.example"])
def test_mail_addresses_that_are_not(address):
    with pytest.raises(InvalidParameter):
        ensure_email(address)


def test_names_are_trimmed_bounded_and_printable():
    assert ensure_name("  Zoë  ", parameter="name", what="a name") == "Zoë"
    for bad in ("", " ", "a\x00b", "a\u202eb", "x" * 256):
        with pytest.raises(InvalidParameter):
            ensure_name(bad, parameter="name", what="a name")


@pytest.mark.parametrize("zone", ["../../etc/passwd", "/etc/localtime", "Mars/Base", "x" * 300])
def test_only_real_time_zones_pass(zone):
    with pytest.raises(InvalidParameter):
        ensure_timezone(zone)
