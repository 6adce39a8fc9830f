"""Whole requests: of the command API as query and as form, of REST as query and as JSON body.

A *flawed* request has one thing in it that is wrong for certain, everything else is as the command wants it. An *odd*
one passes all declarations, with many parameters at once, so that the command itself has to refuse it.
"""

import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.http import QueryDict
from hypothesis import strategies as st

from cloudstack.api.base import BaseCmd
from cloudstack.api.params import Date, Flag, Float, Int, ListOf, Map, MapList, Param, Ref, RefList
from cloudstack.api.rest.routes import Route
from cloudstack.api.signature import canonical_texts, sign
from tests.support.malformed.people import Person, World
from tests.support.malformed.values import Flaw, Pairs, flaws, good, oddities, open_to
from tests.support.requests import NOBODY

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass
class Sent:
    """One request, ready to be sent, and what is known of its answer."""

    command: type[BaseCmd]
    who: Person | None
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    blame: frozenset[str] = frozenset()
    """Names of which the refusal has to say one; empty where there is none to say."""
    secret: str = ""
    """What must not stand in the answer."""
    flawed: bool = True
    """Whether it is certain that it is refused."""

    def __str__(self) -> str:
        whom = self.who.kind if self.who else "nobody"
        body = f" {self.body[:300]!r}" if self.body else ""
        return f"{self.command.name} by {whom}: {self.method} {self.path}?{self.query[:400]}{body}"


def flawed_call(draw: Any, command: type[BaseCmd], world: World) -> Sent:
    """Of the command API, with one flaw."""
    who = draw(st.sampled_from(world.callers(command)))
    aims = [param for param in command.params.values() if open_to(param, who)]
    if not aims or draw(st.integers(0, 19)) == 0:
        return _flawed_at_the_door(draw, command, who, world)
    aim = draw(st.sampled_from(aims))
    flaw = draw(flaws(aim, who, world))
    pairs, unsure = _surroundings(draw, command, who, world, aim)
    if len(flaw.pairs) == 1 and "[" not in flaw.pairs[0][0]:
        [(name, text)] = flaw.pairs
        match draw(st.integers(0, 5)):
            case 0:
                pairs = [*pairs, *good(aim, who, world, draw), (name, text)]  # given twice
            case 1:
                flaw = Flaw(((name.upper(), text),), flaw.blame, flaw.bound)
            case 2:
                pairs = [(name.upper(), "x"), *pairs]
    sent = _call(draw, command, who, [*pairs, *flaw.pairs])
    sent.blame = frozenset({flaw.blame, *(() if flaw.bound else unsure)})
    if aim.secret and flaw.pairs and len(flaw.pairs[-1][1]) > 8:
        sent.secret = flaw.pairs[-1][1][:40]
    return sent


def odd_call(draw: Any, command: type[BaseCmd], world: World) -> Sent:
    """Of the command API, with many parameters that contradict each other."""
    who = draw(st.sampled_from(world.callers(command)[:-5] or world.people))
    pairs: Pairs = []
    for param in command.params.values():
        if open_to(param, who) and (param.required or draw(st.integers(0, 3)) == 0):
            sane = param.required and draw(st.booleans())
            pairs += good(param, who, world, draw) if sane else draw(oddities(param, who, world))
    sent = _call(draw, command, who, pairs)
    sent.flawed = False
    return sent


def _surroundings(
    draw: Any, command: type[BaseCmd], who: Person | None, world: World, aim: Param[Any]
) -> tuple[Pairs, set[str]]:
    """What else the command wants to have, and a bit more; and the names of what may not be found."""
    others = [param for param in command.params.values() if param is not aim and open_to(param, who)]
    chosen = [param for param in others if param.required]
    if more := [param for param in others if not param.required and type(param).__name__ != "Refused"]:
        chosen += draw(st.lists(st.sampled_from(more), max_size=2, unique_by=id))
    pairs: Pairs = []
    unsure: set[str] = set()
    for param in chosen:
        one = good(param, who, world, draw)
        if isinstance(param, Ref | RefList):
            unsure.add(param.wire)
        pairs += one
    return pairs, unsure


def _call(draw: Any, command: type[BaseCmd], who: Person | None, pairs: Pairs, name: str = "") -> Sent:
    form = draw(st.sampled_from(["json", "json", "json", "xml", "XML", "☃"]))
    raw = _encoded([("command", name or command.name), ("response", form), *pairs])
    return _signed(command, who, raw, post=len(raw) > 6000 or draw(st.integers(0, 2)) == 0)


def _encoded(pairs: Pairs) -> str:
    return "&".join(
        f"{quote(n.encode('utf-8', 'surrogatepass'))}={quote(v.encode('utf-8', 'surrogatepass'))}" for n, v in pairs
    )


def _signed(command: type[BaseCmd], who: Person | None, raw: str, *, post: bool) -> Sent:
    if who is not None:
        raw = f"{raw}&apiKey={who.api_key}"
        text = canonical_texts(QueryDict(raw).dict())[0]
        raw = f"{raw}&signature={quote(sign(text, who.secret), safe='')}"
    if post:
        return Sent(command, who, "POST", "/client/api", body=raw.encode(), content_type=FORM)
    return Sent(command, who, "GET", "/client/api", query=raw)


_BROKEN_QUERIES = [
    "&x=%ff%fe",
    "&%ff=1",
    "&x=%zz&%",
    "&=1",
    "&&&",
    "&x",
    "&details[0]=1",
    "&[0].a=1",
    "&a[=1",
    "&%00=1&page=%00",
    "&page=%C0%80&pagesize=x&id[0].a[0]=1",
]


def _flawed_at_the_door(draw: Any, command: type[BaseCmd], who: Person | None, world: World) -> Sent:
    """What is wrong with more than one parameter."""
    pairs = [pair for param in command.params.values() if param.required for pair in good(param, who, world, draw)]
    kind = draw(st.integers(0, 4))
    if kind == 0:
        wrong = draw(
            st.sampled_from(
                [
                    command.name.upper(),
                    f"{command.name} ",
                    f"{command.name}\x00",
                    "",
                    "☃",
                    "\ufffe",
                    "a" * 5000,
                    "__init__",
                ]
            )
        )
        return _call(draw, command, who, pairs, wrong or " ")
    if kind == 1:
        sent = _call(
            draw,
            command,
            None,
            [*pairs, ("apiKey", draw(st.sampled_from(["x", "", "☃", "%"])) or "x"), ("signature", "x")],
        )
        return sent
    if kind == 2 and who is not None:
        sent = _call(draw, command, who, pairs)
        sent.query += "&more=than+was+signed" if sent.query else ""
        sent.body += b"&more=than+was+signed" if sent.body else b""
        return sent
    if kind == 3:
        raw = _encoded([("command", command.name), *pairs]) + draw(st.sampled_from(_BROKEN_QUERIES))
        sent = _signed(command, who, raw, post=draw(st.booleans()))
        sent.flawed = False
        return sent
    method = draw(st.sampled_from(["PUT", "DELETE", "PATCH", "OPTIONS"]))
    sent = _call(draw, command, who, pairs)
    return Sent(command, who, method, "/client/api", sent.query or sent.body.decode())


_RAW_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b'{"a" 1}',
    b"{'a': 1}",
    b'{"\xff\xfe": 1}',
    b"\xff\xfe",
    b"\x00",
    b'{"x": NaN}',
    b"[" * 3000 + b"]" * 3000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'{"x": 1}' * 2,
    b'{"\\ud800": 1}',
    b'{"": 1}',
    b'{"a\\u0000": 1}',
    b"9" * 5000,
]


def flawed_rest(draw: Any, route: Route, world: World) -> Sent:
    """Of REST, with one flaw."""
    command = route.command
    who = draw(st.sampled_from(world.callers(command)))
    aims = [param for param in command.params.values() if open_to(param, who) and param.wire != route.lookup]
    lookup = next((param for param in command.params.values() if param.wire == route.lookup), None)
    kind = draw(st.integers(0, 9))
    if route.method == "GET" or (route.method == "DELETE" and kind < 5):
        return _flawed_query(draw, route, who, world, aims, lookup)
    sent = Sent(command, who, route.method, _path(route, _place(draw, lookup, who, world)), content_type=JSON)
    if kind == 0:
        sent.body = draw(st.sampled_from(_RAW_BODIES if route.method != "DELETE" else _RAW_BODIES[1:]))
        if draw(st.integers(0, 3)) == 0:
            sent.content_type = draw(
                st.sampled_from(["application/xml", "text/plain", "x", "application/json; charset=x"])
            )
            sent.body = sent.body or b"x"
        elif not sent.body:
            sent.body = b"x"
        return _authorized(sent)
    if kind == 1 or not aims:
        name = draw(st.sampled_from(["nosuch", "☃", "'", "\ud800", "\x00", "x" * 300, "plan", "id[0].a", "__class__"]))
        sent.body = json.dumps({name: 1}).encode()
        return _authorized(sent)
    aim = draw(st.sampled_from(aims))
    pairs, unsure = _surroundings(draw, command, who, world, aim)
    body = {name: text for name, text in pairs if name != route.lookup and "[" not in name}
    found = draw(st.one_of(_json_flaws(aim, who, world), _json_flaws(aim, who, world), _texts_as_json(aim, who, world)))
    value, bound = found
    if value is _ABSENT:
        body.pop(aim.wire, None)
    else:
        body[aim.wire] = value
    sent.body = json.dumps(body).encode()
    if any(sign in sent.body for sign in (b"\\ud8", b"\\udf", b"NaN", b"Infinity")):
        return _authorized(sent)  # no JSON at all
    sent.blame = frozenset({aim.wire, *(() if bound else {*unsure, route.lookup})})
    if any(
        isinstance(param, Map | MapList) and param.required and param is not aim for param in command.params.values()
    ):
        sent.blame |= {param.wire for param in command.params.values() if isinstance(param, Map | MapList)}
    if aim.secret and isinstance(value, str) and len(value) > 8:
        sent.secret = value[:40]
    return _authorized(sent)


_ABSENT = object()


def _texts_as_json(param: Param[Any], who: Person | None, world: World) -> st.SearchStrategy[tuple[Any, bool]]:
    """What is wrong on the command API is wrong as a text of JSON too."""
    if isinstance(param, Map | MapList):
        return _json_flaws(param, who, world)
    wrong = flaws(param, who, world).filter(
        lambda flaw: bool(flaw.pairs) and (flaw.pairs[0][1] != "" or not isinstance(param, Ref | RefList))
    )
    return wrong.map(lambda flaw: (flaw.pairs[0][1], flaw.bound))


def _json_flaws(param: Param[Any], who: Person | None, world: World) -> st.SearchStrategy[tuple[Any, bool]]:
    """Values of the wrong type of JSON."""
    nested: list[Any] = [{}, {"a": 1}, [[1]], {"a": {"b": []}}]
    if param.required:
        nested += [None, _ABSENT]
    match param:
        case MapList():
            values = [{"a": 1}, ["x"], [[{}]], [{"a": {}}], [{"a": [1]}], "x", "[1]", 5, True, [None]]
        case Map():
            values = [["x"], [[]], {"a": {}}, {"a": [1]}, "x", "[1]", "{", 5, True, 1.5]
        case RefList() | ListOf():
            values = [*nested, [{}], [[]], ["a,b"], [None]]
        case _:
            values = [*nested, ["x"], [], [None]]
            match param:
                case Flag():
                    values += ["yes", "", 0, 1, "1", "\ud800", 1e300]
                case Int():
                    values += [1.5, True, 10**30, float("nan"), float("inf"), -float("inf"), "1e400", "\ud800", "x\x00"]
                case Float():
                    values += [True, float("nan"), float("inf"), "\ud800"]
                case Date():
                    values += [5, True, 1.5, "2026-11-23T25:61", "\ud800"]
                case Ref():
                    values += [5, True, -1.5, 10**40, "\ud800"]
                case _:
                    values += ["\ud800", "a\x00", "\udfff☃"]
    return st.sampled_from(values).map(lambda value: (value, True if not isinstance(param, Ref | RefList) else False))


def _flawed_query(
    draw: Any, route: Route, who: Person | None, world: World, aims: list[Param[Any]], lookup: Param[Any] | None
) -> Sent:
    place = _place(draw, lookup, who, world)
    sent = Sent(route.command, who, route.method, _path(route, place))
    if not aims or draw(st.integers(0, 9)) == 0:
        if lookup is not None and draw(st.booleans()):
            sent.path = _path(
                route, draw(st.sampled_from(["x", "%00", "%ff", "'", "☃", NOBODY[:-1], "..%2f..", "%0a", "9" * 400]))
            )
        else:
            sent.query = draw(
                st.sampled_from(
                    [
                        "nosuch=1",
                        "%ff=1",
                        "%00=1",
                        "a[=1",
                        "☃=1".encode().decode("latin-1"),
                        "details%5B0%5D.a%00=1",
                        "nosuch[0].a=1",
                    ]
                )
            )
        return _authorized(sent)
    aim = draw(st.sampled_from(aims))
    flaw = draw(flaws(aim, who, world))
    pairs, unsure = _surroundings(draw, route.command, who, world, aim)
    sent.query = _encoded([*(pair for pair in pairs if pair[0] != route.lookup), *flaw.pairs])
    sent.blame = frozenset({flaw.blame, *(() if flaw.bound else {*unsure, route.lookup})})
    return _authorized(sent)


def _place(draw: Any, lookup: Param[Any] | None, who: Person | None, world: World) -> str:
    if lookup is None:
        return ""
    [(_, text)] = good(lookup, who, world, draw)
    return text


def _path(route: Route, place: str) -> str:
    parts = [
        route.resource,
        *([quote(place, safe="%")] if route.detail else []),
        *([route.action] if route.action else []),
    ]
    return "/api/v1/" + "/".join(parts)


def _authorized(sent: Sent) -> Sent:
    if sent.who is not None:
        sent.headers["Authorization"] = f"Bearer {sent.who.token}"
    return sent


def mutated(sent: Sent, seed: int) -> Sent:
    """The same with some bytes of its query or body turned: nothing is certain then."""
    chance = random.Random(seed)
    data = bytearray(sent.body or sent.query.encode("latin-1"))
    for _ in range(chance.randint(1, 4)):
        if data:
            data[chance.randrange(len(data))] = chance.choice(b"%&=[].,\"'{}\\0x\xff\x00a+;")
    if sent.body:
        sent.body = bytes(data)
    else:
        sent.query = bytes(data).decode("latin-1")
    sent.flawed, sent.blame, sent.secret = False, frozenset(), ""
    return sent
