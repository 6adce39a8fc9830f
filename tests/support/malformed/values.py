"""What can be wrong with a value, by the declaration of its parameter.

``flaws`` gives values that no command may take: the refusal has to name the parameter. ``oddities`` gives values that a
parameter takes so far as its declaration says, and that the command behind it has to judge.
"""

import re
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cloudstack.api.params import (
    Choice,
    Date,
    Flag,
    Float,
    Int,
    ListOf,
    Map,
    MapList,
    Param,
    Ref,
    RefList,
    Secret,
    Uuid,
)
from tests.support.malformed.people import Person, World
from tests.support.requests import NOBODY, plausible

Pairs = list[tuple[str, str]]

CONTROL = ["\x00", "\x01", "\t", "\x0b", "\x1b", "\x1f", "\x7f"]
QUOTES = [
    "'",
    '"',
    "' OR 1=1 --",
    "\\",
    "%",
    "_",
    "%%",
    "%s",
    "%(id)s",
    "$1",
    "{0}",
    "{}",
    "`id`",
    "$(id)",
    "'; DROP TABLE x;--",
]
JSON = ["{}", "[]", "null", '{"a": {"b": [1]}}', "[[[]]]", '"x"', "{'a': 1}", "<a/>", "<!DOCTYPE x>", "&amp;", "]]>"]
ALIEN = [
    "☃",
    "\ufffe",
    "\uffff",
    "\ufeff",
    "\u202e",
    "İ",
    "ß",
    "e\u0301",
    "\U0001f4a5" * 20,
    "١٢",
    "\u2028",
    "a\r\nb",
    "\ud800",
    "\udfff\ud800",
]
PLACES = [
    "../../etc/passwd",
    "/",
    "//",
    "file:///etc/passwd",
    "http://127.0.0.1:1/x",
    "http://[::1",
    "http://",
    "gopher://x",
    "x" * 255,
]
ADDRESSES = [
    "10.0.0.0/99",
    "10.0.0.300",
    "1.2.3.4.5",
    "::1/129",
    "0.0.0.0/0",
    "10.1.1.9-10.1.1.1",
    "fe80::%eth0",
    "256",
    "1-",
    "a-b",
    "02:00:00:00:00:0g",
]
TEXTS = [
    "",
    " ",
    ",",
    ",,",
    ";",
    "=",
    "-",
    "*",
    "null",
    "None",
    "undefined",
    "true",
    "NaN",
    *QUOTES,
    *JSON,
    *ALIEN,
    *PLACES,
    *ADDRESSES,
]
NUMBERS = [
    "0",
    "-1",
    "1",
    "2",
    "7",
    "255",
    "65535",
    "65536",
    "2147483647",
    "-2147483648",
    "9223372036854775807",
    "-9223372036854775808",
]
NO_NUMBERS = [
    "x",
    "1.5",
    "1e3",
    "0x10",
    "1_000",
    "١٢",
    "--1",
    "+",
    "-",
    "1 2",
    "NaN",
    "Infinity",
    "9" * 19 + "9",
    "-" + "9" * 30,
    "9" * 300,
    "true",
    "½",
]
NO_DECIMALS = ["x", "NaN", "nan", "inf", "-Infinity", "1e999", "-1e999", "1_0", "0x1", "1,5", "--1", "١", "9" * 400]
NO_DATES = [
    "x",
    "2026",
    "2026-13-01",
    "2026-02-30",
    "2026-11-23T25:00:00+0000",
    "2026-11-23T08:00:00+9999",
    "23.11.2026",
    "0000-01-01",
    "10000-01-01",
    "2026-11-23T08:00:00 UTC",
    "-1",
    "1700000000",
    "9" * 30,
    "2026-11-23T",
    "2026-11-23'--",
    "yesterday-or-so",
    "0001-01-01T00:00:00+2359",
]
ODD_DATES = ["0001-01-01", "9999-12-31", "1900-01-01", "2026-11-23T08:00:00+0000", "9999-12-30 23:59:59"]
NO_UUIDS = [
    "x",
    "0",
    "-2",
    "%",
    "_",
    "*",
    "' OR ''='",
    NOBODY[:-1],
    NOBODY + "0",
    "{" + NOBODY + "}",
    "g" * 36,
    "9" * 30,
    "☃" * 36,
    "urn:uuid:" + NOBODY,
    "null",
    "-" * 36,
    "\ufffe",
    "\ud800",
]
NO_INDICES = [
    "[x].key",
    "[-1].key",
    "[0]",
    "[0].",
    "[].key",
    "[0][1].key",
    "[1.5].key",
    "[0]key",
    "[0].key]",
    "[" + "9" * 10 + "].key",
    "[ 0].key",
    "[0",
    "]",
    "[٣].key\x00",
]
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,20}\s*")
LARGEST_SENT = 20_000
"""Characters of the longest text that is sent to show that it is too long."""


@dataclass(frozen=True)
class Flaw:
    """What is sent in place of a parameter's value, and which name the refusal has to say."""

    pairs: tuple[tuple[str, str], ...]
    blame: str
    bound: bool = True
    """Whether it shows before any object is looked up: then nothing else can be to blame."""


def open_to(param: Param[Any], who: Person | None) -> bool:
    """Whether the parameter is read of this caller."""
    return param.roles is None or (who is not None and who.caller.role_type in param.roles)


def good(param: Param[Any], who: Person | None, world: World, draw: Any) -> Pairs:
    """What the parameter takes."""
    if isinstance(param, Map | MapList):
        return [(f"{param.wire}[0].key", "a"), (f"{param.wire}[0].value", "b")]
    if isinstance(param, Ref | RefList) and (seen := world.seen(param, who)):
        return [(param.wire, draw(st.sampled_from(seen)))]
    if type(param).__name__ == "IsoFormat":
        return [(param.wire, "ISO")]
    if isinstance(param, ListOf) and not isinstance(param.item, Ref):
        return [(param.wire, plausible(param.item))]
    return [(param.wire, plausible(param))]


def flaws(param: Param[Any], who: Person | None, world: World) -> st.SearchStrategy[Flaw]:
    """Values that are wrong for certain."""
    if isinstance(param, Map | MapList):
        return st.one_of(*_flaws_of_maps(param))
    kinds = [st.builds(lambda a, c: a + c + a, st.sampled_from(["", "a", "☃"]), st.sampled_from(CONTROL))]
    if param.max_length < LARGEST_SENT:
        kinds.append(st.sampled_from(["x", "9", "☃", "%", "-"]).map(lambda text: text * (param.max_length + 1)))
    if (texts := _wrong_texts(param)) is not None:
        kinds += [texts, texts]
    if param.required and not isinstance(param, Flag):
        kinds.append(st.just(""))
    found = [st.one_of(*kinds).map(lambda text: Flaw(((param.wire, text),), param.wire))]
    if isinstance(param, Ref | RefList):
        aims = st.one_of(st.sampled_from(NO_UUIDS), st.just(NOBODY), st.sampled_from(world.unseen(param, who)))
        if isinstance(param, RefList) and (seen := world.seen(param, who)):
            aims = st.one_of(aims, st.builds("{},{}".format, st.sampled_from(seen), aims))
        found.append(aims.map(lambda text: Flaw(((param.wire, text),), param.wire, bound=False)))
    if param.required:
        found.append(st.just(Flaw((), param.wire)))
    return st.one_of(*found)


def _wrong_texts(param: Param[Any]) -> st.SearchStrategy[str] | None:
    """Texts that the type does not take, without control characters."""
    anything = st.text(
        st.characters(exclude_categories=["Cc", "Cs", "Nd", "Z"], exclude_characters=","), min_size=1, max_size=40
    )
    if type(param).__name__ == "Refused":
        return st.one_of(anything, st.sampled_from(["x", NOBODY, "{}"]))
    match param:
        case Int():
            bounds = [str(param.minimum - 1), str(param.maximum + 1), str(2**63), str(-(2**63) - 1), str(10**18)]
            outside = [text for text in bounds if not param.minimum <= int(text) <= param.maximum]
            odd = anything.filter(lambda text: not _WHOLE.fullmatch(text))
            return st.one_of(st.sampled_from(NO_NUMBERS), st.sampled_from(outside), odd)
        case Float():
            return st.sampled_from(NO_DECIMALS)
        case Date():
            return st.one_of(st.sampled_from(NO_DATES), anything)
        case Choice():
            odd = anything.filter(lambda text: text.lower() not in {choice.lower() for choice in param.choices})
            return st.one_of(
                odd, st.sampled_from(["'", "%", "{}", "☃", param.choices[0] + "x", param.choices[0] + "\ufffe"])
            )
        case Uuid():
            return st.one_of(st.sampled_from([text for text in NO_UUIDS if text not in param.also]), anything)
        case ListOf():
            inner = _wrong_texts(param.item)
            long = "x" * (param.item.max_length + 1)
            kinds = [st.just(long), st.just(f"a,{long}"), st.just(",".join(["1"] * 1001))]
            if inner is not None:
                wrong = inner.filter(lambda text: "," not in text and text.strip())
                kinds += [wrong, st.builds("{},{}".format, st.just(plausible(param.item)), wrong)]
            return st.one_of(*kinds)
    if type(param).__name__ == "RefusedFlag":
        return st.sampled_from(["true", "TRUE", "True"])
    return None


def _flaws_of_maps(param: Map | MapList) -> list[st.SearchStrategy[Flaw]]:
    wire, largest = param.wire, param.value_max_length
    texts = ["x", "{}", "null", "a=b", '{"a": "b"}', "☃"]
    found = [
        st.sampled_from(texts).map(lambda text: Flaw(((wire, text),), wire)),
        st.sampled_from(NO_INDICES).map(lambda rest: Flaw(((wire + rest, "x"),), (wire + rest)[:40])),
        st.sampled_from(CONTROL).map(lambda sign: Flaw(((f"{wire}[0].key", f"a{sign}"),), wire)),
        st.sampled_from(CONTROL).map(lambda sign: Flaw(((f"{wire}[0].a{sign}b", "x"),), wire)),
        st.just(Flaw(((f"{wire}[0].{'k' * 256}", "x"),), wire)),
    ]
    if largest < LARGEST_SENT:
        found.append(st.just(Flaw(((f"{wire}[0].key", "k"), (f"{wire}[0].value", "x" * (largest + 1))), wire)))
    if param.required:
        found.append(st.just(Flaw((), wire)))
    return found


def oddities(param: Param[Any], who: Person | None, world: World) -> st.SearchStrategy[Pairs]:
    """Values that pass the declaration, and that no sensible client would send."""
    wire = param.wire
    texts = st.one_of(st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.text(max_size=30))
    match param:
        case Map() | MapList():
            field = st.one_of(
                st.sampled_from(["key", "value", "networkid", "ip", "a", "A", "☃", "'", "k" * 255, "x]"[:1]]),
                st.sampled_from(["%s", "__proto__", " ", "key.x", "\ufffe"]),
            )
            pair = st.tuples(st.sampled_from([0, 1, 7, 999_999_999]), field, texts)
            return st.lists(pair, min_size=1, max_size=4).map(
                lambda rows: [(f"{wire}[{index}].{name}", text) for index, name, text in rows]
            )
        case Choice():
            values: st.SearchStrategy[str] = st.sampled_from([*param.choices, param.choices[0].upper()])
        case Int():
            near = [str(param.minimum), str(param.maximum)]
            values = st.sampled_from(
                [*near, *(text for text in NUMBERS if param.minimum <= int(text) <= param.maximum)]
            )
        case Float():
            values = st.sampled_from(["0", "1e-300", "1.7e308", "-0.0", "3", "99999"])
        case Date():
            values = st.sampled_from(ODD_DATES)
        case Flag():
            values = st.sampled_from(["true", "false", "TRUE", "1", "yes", "☃"])
        case Ref() | RefList():
            seen = world.seen(param, who) or [NOBODY]
            values = st.sampled_from([*seen, *getattr(param, "also", ())])
        case Uuid():
            values = st.sampled_from([NOBODY, *param.also, *(str(row.uuid) for row in list(world.own.values()))])
        case ListOf():
            inner = st.one_of(st.sampled_from(TEXTS), st.just(plausible(param.item)))
            values = st.lists(inner, max_size=4).map(",".join)
        case Secret():
            values = st.one_of(texts, st.just("long enough a secret"))
        case _:
            values = texts
    return values.map(lambda text: [(wire, text)])
