"""A workflow of three steps that does what the test's script says, and a world that remembers what it did.

``Foundation`` and ``Walls`` can be undone, ``Paint`` stays. Each step has an effect outside the database (in
``world.standing``) and one inside (a row that only ``ctx.transaction`` may write).
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any

from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.jobs import JobContext, Step, Workflow

Act = Callable[[JobContext], None]

BUILD = "tests.house.build"
ADMIRE = "tests.house.admire"


class Crash(BaseException):
    """The worker dies here: nothing of it runs on."""


class World:
    """What is outside the database. ``at`` scripts what happens at a moment such as ``"do Walls"``."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.journal: list[str] = []
        self.standing: set[tuple[str, str]] = set()
        self.built: Counter[tuple[str, str]] = Counter()
        self.pulled_down: Counter[tuple[str, str]] = Counter()
        self.script: dict[str, deque[Act]] = defaultdict(deque)
        self.on_load: Act | None = None
        self.on_end: Act | None = None

    def at(self, moment: str, *acts: Act | BaseException | type[BaseException]) -> None:
        """The next times that ``moment`` comes, do these one after the other; an error is raised."""
        self.script[moment].extend(act if _is_act(act) else _raiser(act) for act in acts)

    def reach(self, moment: str, ctx: JobContext) -> None:
        self.journal.append(moment)
        if self.script[moment]:
            self.script[moment].popleft()(ctx)

    def build(self, ctx: JobContext, part: str) -> None:
        key = (str(ctx.job.uuid), part)
        if key not in self.standing:
            self.standing.add(key)
            self.built[key] += 1

    def pull_down(self, ctx: JobContext, part: str) -> None:
        key = (str(ctx.job.uuid), part)
        if key in self.standing:
            self.standing.discard(key)
            self.pulled_down[key] += 1

    def parts(self, job: Any) -> set[str]:
        return {part for uuid, part in self.standing if uuid == str(job.uuid)}

    def times(self, moment: str) -> int:
        return self.journal.count(moment)


def _is_act(act: Any) -> bool:
    return callable(act) and not isinstance(act, type)


def _raiser(error: Any) -> Act:
    def act(ctx: JobContext) -> None:
        raise error

    return act


def nothing(ctx: JobContext) -> None:
    """An act that lets the moment pass."""


world = World()


def rows_of(job: Any) -> set[str]:
    """The parts that the database knows."""
    rows = ConfigValue.objects.filter(scope="tests.house", scope_uuid=str(job.uuid))
    return set(rows.values_list("name", flat=True))


class _Part(Step):
    def do(self, ctx: JobContext) -> None:
        part = type(self).__name__
        world.reach(f"do {part}", ctx)
        world.build(ctx, part)
        world.reach(f"built {part}", ctx)
        with ctx.transaction():
            row = {"name": part, "scope": "tests.house", "scope_uuid": str(ctx.job.uuid)}
            if not ConfigValue.objects.filter(**row).exists():
                ConfigValue.objects.create(**row)
        ctx.data[part] = ctx.data.get(part, 0) + 1
        world.reach(f"done {part}", ctx)

    def verify(self, ctx: JobContext) -> bool:
        part = type(self).__name__
        world.reach(f"verify {part}", ctx)
        return part in world.parts(ctx.job) and part in rows_of(ctx.job)


class _Removable(_Part):
    def undo(self, ctx: JobContext) -> None:
        part = type(self).__name__
        world.reach(f"undo {part}", ctx)
        world.pull_down(ctx, part)
        world.reach(f"pulled down {part}", ctx)
        with ctx.transaction():
            ConfigValue.objects.filter(name=part, scope="tests.house", scope_uuid=str(ctx.job.uuid)).delete()


class Foundation(_Removable):
    title = "Lay the foundation"


class Paint(_Part):
    title = "Paint, which stays"


class Walls(_Removable):
    title = "Raise the walls"


class Build(Workflow):
    name = BUILD
    title = "Build a house"
    steps = [Foundation, Paint, Walls]

    def load(self, ctx: JobContext) -> None:
        world.journal.append("load")
        if world.on_load:
            world.on_load(ctx)

    def on_succeeded(self, ctx: JobContext) -> None:
        world.reach("on_succeeded", ctx)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        world.reach(f"on_failed: {error}", ctx)
        world.reach("on_failed", ctx)
        world.journal.pop()


class Admire(Workflow):
    """Does nothing, in one step: for locks and for counting statements."""

    name = ADMIRE
    title = "Admire a house"

    class Look(Step):
        title = "Look at it"

        def do(self, ctx: JobContext) -> None:
            world.reach("do Look", ctx)

    steps = [Look]
