"""The programs of an installation and the supervisor's configuration that is made of them."""

import os
import shlex
import sys
from dataclasses import dataclass, field
from urllib.parse import quote

from cloudstack.runtime import redis_urls, valkey
from cloudstack.runtime.config import REPO, RunConfig
from cloudstack.runtime.tether import tether_command

PORTAL_GROUP = "portal"
FLOWER_PREFIX = "/admin/flower"
"""Where the portal hands Flower's pages on."""
_LOG_BYTES = "10MB"
_LOG_COPIES = 3


@dataclass(frozen=True)
class Program:
    """One supervised process. ``stop_s``: seconds between the request to stop and SIGKILL."""

    name: str
    command: list[str]
    stop_s: int = 5
    priority: int = 999
    autostart: bool = False
    grouped: bool = True
    umask: str = "077"
    tether: str = "SIGKILL"
    """What it gets when the supervisor dies without a word."""
    environment: dict[str, str] = field(default_factory=dict, repr=False)


def programs(config: RunConfig, *, lab: bool, flower_port: int, flower_password: str) -> list[Program]:
    """What this installation runs, in the order in which it starts."""
    python, celery = sys.executable, [sys.executable, "-m", "celery", "-A", "cloudstack"]
    found = []
    if config.redis_url is None:
        command = valkey.command(config.valkey_socket, config.run_dir)
        found.append(Program("valkey", command, priority=100, autostart=True, grouped=False))
    if lab:
        command = [python, "-m", "cloudstack.runtime.lab_keeper"]
        # Guests' and DHCP's files are read by other users too, so no narrow umask; SIGTERM takes the lab down.
        found.append(
            Program(
                "lab", command, stop_s=12, priority=200, autostart=True, grouped=False, umask="022", tether="SIGTERM"
            )
        )
    web = [python, "-m", "gunicorn", "--config", "python:cloudstack.composition.web_server", "cloudstack.wsgi"]
    # Its pages are reached through the portal, which alone knows the password.
    flower_url = f"http://admin:{quote(flower_password, safe='')}@127.0.0.1:{flower_port}"
    where = {"CLOUDSTACK_FLOWER_URL": flower_url} if flower_port else {}
    found.append(Program("web", web, stop_s=4, environment=where))
    worker = [*celery, "worker", "-n", "worker@%h", "-Q", config.worker_queues, "-P", "prefork"]
    worker += ["-c", str(config.worker_concurrency), "-l", "INFO", "--without-gossip", "--without-mingle"]
    found.append(Program("worker", worker, stop_s=6))
    schedule = str(config.run_dir / "beat-schedule")
    found.append(Program("beat", [*celery, "beat", "-l", "INFO", "-s", schedule, "--pidfile="], stop_s=3))
    if has_watcher():
        found.append(Program("watcher", [python, str(REPO / "manage.py"), "watch_hypervisors"], stop_s=4))
    if flower_port:
        command = [python, "-m", "celery", "flower", "--address=127.0.0.1", f"--port={flower_port}"]
        command += [f"--url_prefix={FLOWER_PREFIX}", "--read_only=True"]
        # It watches the broker only: without our application and Django it starts in half the time and memory.
        environment = {
            "FLOWER_BASIC_AUTH": f"admin:{flower_password}",
            "FLOWER_PERSISTENT": "False",
            "CELERY_BROKER_URL": redis_urls.broker_url(config.effective_redis_url),
            "DJANGO_SETTINGS_MODULE": "",
        }
        found.append(Program("flower", command, stop_s=3, environment=environment))
    return found


def has_watcher() -> bool:
    """Whether the installation brings the command that listens to hypervisors' events."""
    places = (REPO / part for part in ("apps", "cloudstack", "plugins"))
    return any(next(place.glob("**/management/commands/watch_hypervisors.py"), None) for place in places)


def supervisor_config(config: RunConfig, listed: list[Program]) -> str:
    """The text of supervisord's configuration file. It holds Flower's password: keep it to mode 600."""
    lines = [
        "[supervisord]",
        "nodaemon=true",
        f"logfile={_quoted(str(config.log_dir / 'supervisor.log'))}",
        f"logfile_maxbytes={_LOG_BYTES}",
        f"logfile_backups={_LOG_COPIES}",
        f"pidfile={_quoted(str(config.run_dir / 'supervisord.pid'))}",
        f"childlogdir={_quoted(str(config.log_dir))}",
        f"directory={_quoted(str(REPO))}",
        "identifier=cloudstack",
        "silent=true",
        "minfds=1024",
        # Without it supervisord complains about root at each start.
        *(["user=root"] if os.geteuid() == 0 else []),
        "",
        "[unix_http_server]",
        f"file={_quoted(str(config.supervisor_socket))}",
        "chmod=0700",
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        "",
        f"[group:{PORTAL_GROUP}]",
        f"programs={','.join(program.name for program in listed if program.grouped)}",
        "priority=900",
    ]
    for program in listed:
        lines += ["", *_section(config, program)]
    return "\n".join(lines) + "\n"


def _section(config: RunConfig, program: Program) -> list[str]:
    command = shlex.join([*tether_command(program.tether), *program.command])
    lines = [
        f"[program:{program.name}]",
        f"command={_quoted(command)}",
        f"priority={program.priority}",
        f"autostart={str(program.autostart).lower()}",
        "autorestart=true",
        "startsecs=1",
        "startretries=5",
        "stopsignal=TERM",
        f"stopwaitsecs={program.stop_s}",
        # Whoever does not stop in time goes together with the processes it started.
        "killasgroup=true",
        f"umask={program.umask}",
        "redirect_stderr=true",
        f"stdout_logfile={_quoted(str(config.log_dir / program.name))}.log",
        f"stdout_logfile_maxbytes={_LOG_BYTES}",
        f"stdout_logfile_backups={_LOG_COPIES}",
    ]
    if program.environment:
        pairs = ",".join(f'{name}="{_quoted(value)}"' for name, value in program.environment.items())
        lines.append(f"environment={pairs}")
    return lines


def _quoted(text: str) -> str:
    """supervisord expands ``%(…)s`` everywhere and cuts values at `` ;``."""
    if " ;" in text or "\n" in text:
        raise ValueError(f"supervisord cannot take this path: {text!r}")
    return text.replace("%", "%%")
