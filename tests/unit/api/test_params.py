"""Parameters: whatever a client can hold survives the way over the wire, and no text breaks a cast."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from cloudstack.api import BaseCmd, Flag, Str, registry
from cloudstack.api.identifiers import BadValue
from cloudstack.api.params import MISSING, Choice, Date, Float, Int, ListOf, Long, Map, MapList, Param, Secret, Uuid
from cloudstack.api.params.arguments import Arguments
from cloudstack.framework.errors import InvalidParameter, MalformedParameter
from cloudstack.framework.secrets import Secret as SecretValue


def named(param: Param[Any], name: str = "thing") -> Param[Any]:
    param.__set_name__(object, name)
    return param


printable = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\r\n"), max_size=200)
item = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z"), exclude_characters=","), min_size=1, max_size=50)
key = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="[]"), min_size=1, max_size=30)
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))

ROUND_TRIPS: list[tuple[Param[Any], st.SearchStrategy[Any]]] = [
    (named(Str()), printable),
    (named(Flag()), st.booleans()),
    (named(Int()), st.integers(-(2**31), 2**31 - 1)),
    (named(Long()), st.integers(-(2**63), 2**63 - 1)),
    (named(Float()), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)),
    (named(Date()), moments.map(lambda moment: moment.replace(microsecond=0))),
    (named(Uuid()), st.uuids().map(str)),
    (named(Choice(choices=("a", "B"))), st.sampled_from(["a", "B"])),
    (named(ListOf(item=Str)), st.lists(item, min_size=1, max_size=20)),
    (named(ListOf(item=Int)), st.lists(st.integers(-100, 100), min_size=1)),
    (named(Map()), st.dictionaries(key, printable, min_size=1, max_size=8)),
    (
        named(MapList()),
        st.lists(st.dictionaries(key.map(str.lower).map(str.lower), printable, min_size=1), min_size=1, max_size=5),
    ),
    (named(Secret()), st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1).map(SecretValue)),
]


@pytest.mark.parametrize(("param", "values"), ROUND_TRIPS, ids=lambda value: type(value).__name__)
def test_values_survive_the_wire(param: Param[Any], values: st.SearchStrategy[Any]) -> None:
    @given(values)
    def check(value: Any) -> None:
        if isinstance(param, MapList):
            # Names of fields are folded; two that only differ in case are one.
            value = [{field.lower(): text for field, text in row.items()} for row in value]
            if any(field.lower() != field for row in value for field in row):
                return
        assert param.read(Arguments(param.to_wire(value))) == value

    check()


@pytest.mark.parametrize("param", [param for param, _ in ROUND_TRIPS], ids=lambda value: type(value).__name__)
def test_no_text_breaks_a_cast(param: Param[Any]) -> None:
    @given(printable | st.from_regex(r"[-+]?[0-9._:TZ-]{0,40}", fullmatch=True))
    def check(text: str) -> None:
        try:
            param.read(Arguments({"thing": text}))
        except (BadValue, MalformedParameter) as error:
            assert str(error)

    check()


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=5))
def test_no_request_breaks_the_unpacking(raw: dict[str, str]) -> None:
    try:
        arguments = Arguments(raw)
    except (InvalidParameter, MalformedParameter) as error:
        assert error.message
    else:
        assert all(name == name.lower() for name in arguments.texts)


def test_what_is_not_sent_is_missing_and_not_none() -> None:
    assert named(Int()).read(Arguments({})) is MISSING
    assert named(Int()).read(Arguments({"thing": ""})) is MISSING
    assert named(Str()).read(Arguments({"thing": ""})) == ""


def test_a_secret_does_not_show_itself() -> None:
    param = named(Secret())
    value = param.read(Arguments({"thing": "hunter2"}))
    assert "hunter2" not in repr(value)
    assert value.reveal() == "hunter2"
    assert param.shown(Arguments({"thing": "hunter2"})) == "****"


def test_a_validator_says_what_would_be_right() -> None:
    def even(number: int) -> None:
        if number % 2:
            raise BadValue("an even number is expected")

    with pytest.raises(BadValue, match="even"):
        named(Int(validate=even)).read(Arguments({"thing": "3"}))


def test_a_parameter_cannot_take_the_place_of_something_else() -> None:
    with pytest.raises(ImproperlyConfigured, match="give the parameter another attribute"):

        class NameIsTaken(BaseCmd):
            """Would hide the name of the command."""

            name = Str()


def test_two_commands_cannot_have_one_name() -> None:
    class OnlyOnce(BaseCmd):
        """First."""

    try:
        with pytest.raises(ImproperlyConfigured, match="onlyOnce"):
            type("OnlyOnce", (BaseCmd,), {"__module__": "elsewhere", "__doc__": "Second."})
    finally:
        registry.unregister(OnlyOnce)


def test_a_wire_name_declared_again_replaces_the_inherited_one() -> None:
    class Parent(BaseCmd):
        """Abstract."""

        abstract = True
        text = Str("text", help="old")
        flag = Flag("flag")

    class ChildOfParent(Parent):
        """Concrete."""

        other = Str("TEXT", help="new")
        flag = None

    registry.unregister(ChildOfParent)
    assert {attr: param.help for attr, param in ChildOfParent.params.items()} == {"other": "new"}
