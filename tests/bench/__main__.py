"""``bin/bench``: measure, print, and say what missed its aim."""

import argparse
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.surroundings import surroundings, workers

REPO = Path(__file__).resolve().parent.parent.parent
PARTS = ("placement", "jobs", "deployments", "lists", "search", "pages", "memory", "statistics")
PLUGINS = {path.parent.parent.name: path for path in sorted(REPO.glob("plugins/*/*/tests/bench.py"))}
"""Parts that plugins bring along, by the names of their folders: ``figures(cloud, rows)``.

``ON_ROWS = False`` in one says that it does without the rows of lists."""
ALL = (*PARTS, *PLUGINS)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description="Measures the platform on a private PostgreSQL with two worker processes and prints each figure "
        "beside its floor on this machine. Exit status 1 when an aim is missed.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(ALL)}")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of each list (default: %(default)s)")
    parser.add_argument("--accounts", type=int, default=1_000, help="accounts that own them (default: %(default)s)")
    options = parser.parse_args()
    unknown = set(options.parts) - set(ALL)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    figures = list(_measure(set(options.parts or ALL), options.rows, options.accounts))
    missed = [figure for figure in figures if figure.reached is False]
    _say(f"{len(figures)} figures, {len(missed)} missed their aim")
    return 1 if missed else 0


def _measure(parts: set[str], rows: int, accounts: int) -> Iterable[Figure]:
    with surroundings() as folder:
        from tests.bench import jobs, lists, memory, over_time, pages, placing, search
        from tests.bench.rows import fill
        from tests.support.cloud import build_cloud

        further = {name: import_module(_module(path)) for name, path in PLUGINS.items() if name in parts}
        cloud = build_cloud(hosts=40, clusters=4)
        if "placement" in parts:
            yield from _told(placing.placement())
        with workers(folder) as worker:
            if "jobs" in parts:
                yield from _told(jobs.noop_job())
            if "deployments" in parts:
                yield from _told(jobs.deployments(cloud))
            if "memory" in parts:
                yield from _told(memory.memory(folder, worker.pid))
        if parts & {"lists", "search", "pages", "statistics"} or any(
            getattr(part, "ON_ROWS", True) for part in further.values()
        ):
            holding = fill(cloud, rows=rows, accounts=accounts)
        if "search" in parts:
            for figures in search.search(rows, "PostgreSQL", search.users_of(holding)):
                yield from _told(figures)
            yield from _told(search.on_sqlite(folder, rows))
        if "pages" in parts:
            for figures in pages.pages(folder, search.users_of(holding)):
                yield from _told(figures)
        if "lists" in parts:
            for figures in lists.pages(cloud, holding):
                yield from _told(figures)
        if "statistics" in parts:
            for figures in over_time.figures(cloud, rows):
                yield from _told(figures)
        for part in further.values():
            for figures in part.figures(cloud, rows):
                yield from _told(figures)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(REPO).with_suffix("").parts)


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _told(figures: list[Figure]) -> Iterable[Figure]:
    for figure in figures:
        _say(figure.line())
        yield figure


if __name__ == "__main__":
    sys.exit(main())
