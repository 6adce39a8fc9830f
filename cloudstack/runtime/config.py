"""What ``bin/run`` is asked for: the environment, read once and checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cloudstack.runtime import redis_urls
from cloudstack.runtime.folders import near_or_short
from cloudstack.runtime.plugin_choice import STARTED_VARIABLE, for_processes
from cloudstack.runtime.variables import Reader, described

REPO = Path(__file__).resolve().parent.parent.parent
MARKER = "CLOUDSTACK_SUPERVISED_BY"
"""Environment variable with the data folder; it marks every process of a running installation."""

LAUNCHER_VARIABLE = "CLOUDSTACK_LAUNCHER"
"""Environment variable with the process of ``bin/run``, whose end is the end of all that it started."""

_LONGEST_SOCKET_NAME = "supervisor.sock.000000"

HELP = f"""\
Starts the whole installation and stays in the foreground: web, Celery workers, Celery beat, Flower, the watcher of
hypervisor events, a private Redis server unless REDIS_URL is set, and as root the lab with two real hypervisor hosts.
Prints "READY http://…" when the portal and a worker answer. Ctrl-C or SIGTERM stops all of it.
"bin/run doctor" looks, beside a running one or without, at what may be wrong, and says what would help.

Environment:
{described(Reader.RUN)}"""


class ConfigError(Exception):
    """A value in the environment cannot be used; the message names it and says what would do."""


@dataclass(frozen=True)
class RunConfig:
    """One installation. Ports are TCP; ``redis_url`` is None when a private server is to be started."""

    data: Path
    host: str
    port: int
    flower_port: int | None
    """None: the first free one from 5555 on. 0: no Flower."""
    database_url: str | None = field(repr=False)
    redis_url: str | None = field(repr=False)
    lab: str
    worker_concurrency: int
    worker_queues: str
    web_workers: int
    web_threads: int

    @property
    def log_dir(self) -> Path:
        return self.data / "log"

    @property
    def run_dir(self) -> Path:
        return self.data / "run"

    @property
    def socket_dir(self) -> Path:
        return near_or_short(self.run_dir, _LONGEST_SOCKET_NAME)

    @property
    def valkey_socket(self) -> Path:
        return self.socket_dir / "valkey.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.socket_dir / "supervisor.sock"

    @property
    def lab_state_file(self) -> Path:
        """Holds ``up``, ``down`` or ``failed``; written by the lab's keeper."""
        return self.run_dir / "lab.state"

    @property
    def effective_redis_url(self) -> str:
        return self.redis_url or redis_urls.socket_url(str(self.valkey_socket))

    @property
    def probe_host(self) -> str:
        """Where the launcher itself finds the portal."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        host = f"[{self.probe_host}]" if ":" in self.probe_host else self.probe_host
        return f"http://{host}:{self.port}"

    @property
    def bind(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def child_environment(self, *, lab: bool) -> dict[str, str]:
        """The environment of every supervised process."""
        environment = dict(os.environ)
        environment.setdefault("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production")
        environment.setdefault("ALLOWED_HOSTS", ",".join(dict.fromkeys(["127.0.0.1", "localhost", "[::1]", self.host])))
        environment |= {
            "CLOUDSTACK_DATA": str(self.data),
            "HOST": self.host,
            "PORT": str(self.port),
            "REDIS_URL": self.effective_redis_url,
            "CLOUDSTACK_BROKER_URL": redis_urls.broker_url(self.effective_redis_url),
            "CLOUDSTACK_LAB": "1" if lab else "0",
            "GUNICORN_BIND": self.bind,
            "WEB_WORKERS": str(self.web_workers),
            "WEB_THREADS": str(self.web_threads),
            "PYTHONUNBUFFERED": "1",
            STARTED_VARIABLE: for_processes(os.environ, self.data),
            MARKER: str(self.data),
        }
        environment["PYTHONPATH"] = os.pathsep.join([str(REPO), *filter(None, [os.environ.get("PYTHONPATH")])])
        return environment


def ends_with(program: int) -> int:
    """The process to be ended so that ``program`` and what belongs to it on this machine end in order."""
    return int(os.environ.get(LAUNCHER_VARIABLE) or program)


def from_environment(environ: Mapping[str, str] | None = None) -> RunConfig:
    """Raises :class:`ConfigError`."""
    environ = os.environ if environ is None else environ
    lab = environ.get("CLOUDSTACK_LAB", "auto").lower()
    if lab not in {"auto", "0", "1"}:
        raise ConfigError(f"CLOUDSTACK_LAB={lab!r}: auto, 0 or 1")
    flower = environ.get("FLOWER_PORT")
    return RunConfig(
        data=Path(environ.get("CLOUDSTACK_DATA") or REPO / "var").resolve(),
        host=environ.get("HOST") or "127.0.0.1",
        port=_number(environ, "PORT", 8000, 1, 65535),
        flower_port=_number(environ, "FLOWER_PORT", 0, 0, 65535) if flower else None,
        database_url=environ.get("DATABASE_URL") or None,
        redis_url=environ.get("REDIS_URL") or None,
        lab=lab,
        worker_concurrency=_number(environ, "WORKER_CONCURRENCY", max(2, os.cpu_count() or 2), 1, 256),
        worker_queues=environ.get("CLOUDSTACK_WORKER_QUEUES") or "jobs",
        web_workers=_number(environ, "WEB_WORKERS", 2, 1, 256),
        web_threads=_number(environ, "WEB_THREADS", 8, 1, 256),
    )


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ConfigError(f"{name}={text!r}: a whole number from {least} to {most}")
    return int(text)
