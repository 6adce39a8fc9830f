"""Private PostgreSQL and Valkey, and what becomes of them when their owner is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from cloudstack.runtime.postgres import PostgresMissing, private_postgres, programs
from cloudstack.runtime.valkey import private_valkey

REPO = Path(__file__).resolve().parent.parent.parent.parent


def needs_postgres() -> None:
    try:
        programs()
    except PostgresMissing as missing:
        pytest.skip(str(missing))


def wait_for(what: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def processes_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and text in (entry / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


@pytest.mark.parametrize("depth", [0, 3], ids=["short path", "path too long for a socket"])
def test_valkey_answers_inside_the_block_and_is_gone_after(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["deeper-and-deeper-and-deeper"] * depth, "v")
    with private_valkey(folder) as url:
        client = redis.Redis.from_url(url)
        assert client.set("a", "b") and client.get("a") == b"b"
        assert client.config_get("port") == {"port": "0"}
        client.close()
    assert not Path(url.removeprefix("unix://")).exists()
    assert processes_naming(url.removeprefix("unix://")) == []


@pytest.mark.parametrize("depth", [0, 3], ids=["short path", "path too long for a socket"])
def test_postgres_answers_inside_the_block_and_is_gone_after(tmp_path: Path, depth: int) -> None:
    needs_postgres()
    import dj_database_url

    folder = tmp_path.joinpath(*["deeper-and-deeper-and-deeper"] * depth, "pg")
    with private_postgres(folder) as url:
        entry = dj_database_url.parse(url)
        with psycopg.connect(host=entry["HOST"], user=entry["USER"], dbname=entry["NAME"]) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        home = entry["HOST"]
        assert processes_naming(home)
    assert not folder.exists() and not Path(home).exists()
    assert processes_naming(home) == []


OWNER = """
import sys, time
from pathlib import Path
from cloudstack.runtime.valkey import private_valkey
from cloudstack.runtime.postgres import private_postgres
with {server}(Path(sys.argv[1])) as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("server", ["private_valkey", "private_postgres"])
def test_a_server_dies_with_its_killed_owner(tmp_path: Path, server: str) -> None:
    if server == "private_postgres":
        needs_postgres()
    folder = tmp_path / "s"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER.format(server=server), str(folder)], cwd=REPO, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    url = owner.stdout.readline().strip()
    from urllib.parse import unquote

    place = unquote(url).partition("//")[2].partition("@")[2] or url.removeprefix("unix://")
    place = place.partition(":")[0]
    assert processes_naming(place)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    wait_for(lambda: not processes_naming(place))
    if server == "private_postgres":
        # What the killed owner could not remove, the next one does.
        with private_postgres(tmp_path / "next"):
            assert not Path(place).exists()
