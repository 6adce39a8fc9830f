"""A real Flower on the broker of the tests, started by the command line of ``bin/run``."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cloudstack.runtime import programs, redis_urls
from cloudstack.runtime.config import REPO, from_environment
from cloudstack.runtime.processes import free_port
from cloudstack.runtime.tether import tether_command

PASSWORD = "a word: of/its@own"


@contextmanager
def running_flower(folder: Path, redis_url: str) -> Iterator[str]:
    """Answers what the portal's setting ``FLOWER_SECRET_URL`` says of it."""
    port = free_port("127.0.0.1", 20_000 + os.getpid() % 20_000)
    config = from_environment({"CLOUDSTACK_DATA": str(folder), "REDIS_URL": redis_url})
    listed = programs.programs(config, lab=False, flower_port=port, flower_password=PASSWORD)
    flower, web = ({one.name: one for one in listed}[name] for name in ("flower", "web"))
    assert flower.environment["CELERY_BROKER_URL"] == redis_urls.broker_url(redis_url)
    log = folder / "flower.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tether_command("SIGKILL"), *flower.command],
            cwd=REPO,
            env=os.environ | flower.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while asked(f"http://127.0.0.1:{port}{programs.FLOWER_PREFIX}/workers") != 401:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)
        yield web.environment["CLOUDSTACK_FLOWER_URL"]
    finally:
        process.kill()
        process.wait()


def asked(url: str, *, method: str = "GET", **headers: str) -> int:
    """The status of an answer; 0 when nobody answers."""
    try:
        with urlopen(Request(url, method=method, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0
