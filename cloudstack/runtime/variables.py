"""Environment variables that an operator may set, declared once: for ``--help`` and for the reference.

A test compares this list with what the code reads.
"""

import textwrap
from dataclasses import dataclass
from enum import StrEnum

_HELP_WIDTH = 110


class Reader(StrEnum):
    """Which program reads a variable; its ``--help`` names it."""

    RUN = "bin/run"
    BOOTSTRAP = "bin/bootstrap"
    LAB = "bin/lab"
    AGENT = "python -m cloudstack.agent"


@dataclass(frozen=True)
class Variable:
    """``meaning`` is one sentence without a full stop; ``default`` is written as a person would."""

    name: str
    default: str
    meaning: str
    readers: tuple[Reader, ...] = (Reader.RUN,)


VARIABLES = (
    Variable("PORT", "8000", "port of the portal"),
    Variable("HOST", "127.0.0.1", "address of the portal; 0.0.0.0 opens it to the network"),
    Variable(
        "CLOUDSTACK_DATA",
        "var/ beside bin/",
        "where state lives: database, secrets, admin.env, logs, images",
        (Reader.RUN, Reader.LAB),
    ),
    Variable("DATABASE_URL", "SQLite in the data folder", "postgres://user:password@host/name"),
    Variable(
        "REDIS_URL",
        "a private server on a unix socket",
        "redis://host:6379/0, rediss://… or unix:///path; the cache uses database 1 beside it",
        (Reader.RUN, Reader.LAB),
    ),
    Variable(
        "CLOUDSTACK_LAB",
        "auto",
        "auto: a lab if root and the machine can; 1: insist; 0: no lab",
        (Reader.RUN, Reader.BOOTSTRAP),
    ),
    Variable("WORKER_CONCURRENCY", "number of cores, at least 2", "processes of the Celery worker"),
    Variable("CLOUDSTACK_WORKER_QUEUES", "jobs", "queues of the worker, by comma"),
    Variable("WEB_WORKERS", "2", "processes of the web server"),
    Variable("WEB_THREADS", "8", "threads of each process of the web server"),
    Variable("FLOWER_PORT", "5555 or the next free one", "port of Flower on 127.0.0.1; 0 leaves Flower out"),
    Variable(
        "CLOUDSTACK_FLOWER_URL",
        "the Flower that bin/run starts",
        "where the portal finds a Flower that was started otherwise: http://user:password@127.0.0.1:5555",
    ),
    Variable("ALLOWED_HOSTS", "loopback and HOST", "host names that the portal answers to, by comma"),
    Variable("CSRF_TRUSTED_ORIGINS", "none", "origins (https://…) whose forms are taken, by comma"),
    Variable("HTTPS", "0", "1 behind a proxy that ends TLS: secure cookies, HSTS, everything else is redirected"),
    Variable(
        "TRUSTED_PROXY", "0", "1: believe the proxy's X-Forwarded-Proto and the last address of its X-Forwarded-For"
    ),
    Variable("FORWARDED_ALLOW_IPS", "127.0.0.1", "addresses of proxies that the web server believes, by comma"),
    Variable("CLOUDSTACK_SECRET_KEY", "secrets/secret_key", "signs sessions and upload addresses"),
    Variable(
        "CLOUDSTACK_ENCRYPTION_KEY",
        "secrets/encryption_key",
        "encrypts stored secrets; several by comma: the first encrypts, all of them decrypt",
    ),
    Variable(
        "CLOUDSTACK_PLUGINS_DISABLED",
        "what was chosen on the admin's page of plugins",
        "names of plugins that are not loaded, by comma; it wins over that page",
    ),
    Variable(
        "CLOUDSTACK_PLUGINS_PATH",
        "none",
        "folders outside the project that hold plugins as <kind>/<name>/, by colon",
    ),
    Variable(
        "CLOUDSTACK_OIDC_ISSUER", "none", "https:// address of the OpenID Connect provider that people sign in by"
    ),
    Variable("CLOUDSTACK_OIDC_CLIENT_ID", "none", "what the provider calls this portal"),
    Variable("CLOUDSTACK_OIDC_CLIENT_SECRET_FILE", "none", "file that holds the secret shared with the provider"),
    Variable("CLOUDSTACK_OIDC_NAME", "single sign-on", "what the button of the sign-in page calls the provider"),
    Variable("CLOUDSTACK_OIDC_DOMAIN", "ROOT", "path of the domain whose users sign in by the provider"),
    Variable(
        "CLOUDSTACK_OIDC_MATCH",
        "email",
        "email: a verified address finds the user; else the claim that holds the user's name",
    ),
    Variable("CLOUDSTACK_OIDC_CREATE_IN_ACCOUNT", "none", "account in which unknown people become users"),
    Variable("CLOUDSTACK_OIDC_CREATE_WITH_ROLE", "none", "role of the account that each unknown person gets"),
    Variable(
        "CLOUDSTACK_OIDC_SECOND_FACTOR",
        "portal",
        "portal: users' own second factors are asked for; provider: it has asked for one already",
    ),
    Variable(
        "CLOUDSTACK_OIDC_FORM_ORIGINS",
        "origin of the issuer",
        "origins (https://…) of the provider's sign-in page, by comma",
    ),
    Variable("CLOUDSTACK_JOB_LEASE", "30", "seconds after which a job whose worker is silent is free for another"),
    Variable("CLOUDSTACK_JOB_SWEEP_INTERVAL", "10", "seconds between two looks for jobs that nobody carries"),
    Variable("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production", "settings of the portal's processes"),
    Variable("LOG_LEVEL", "INFO", "least level that is logged; logs are in $CLOUDSTACK_DATA/log"),
    Variable(
        "PYTHON", "the first that fits", "interpreter for .venv (Python 3.11 to 3.13)", (Reader.RUN, Reader.BOOTSTRAP)
    ),
    Variable(
        "CLOUDSTACK_BROKER_URL",
        "REDIS_URL",
        "where a host's agent meets the portal: redis://…, rediss://… or redis+socket:///path",
        (Reader.LAB, Reader.AGENT),
    ),
    Variable("XDG_CACHE_HOME", "~/.cache", "where the lab's finished guest image is kept", (Reader.LAB,)),
)

INTERNAL = {
    "BOOTSTRAP_LOCKED": "bin/bootstrap to itself: the lock is held",
    "CLOUDSTACK_LAUNCHER": "bin/run to its processes: its own process, with which all of them end",
    "CLOUDSTACK_PLUGINS_RETRY": "processes that migrate: plugins whose migrations failed are tried again",
    "CLOUDSTACK_PLUGINS_STARTED_WITHOUT": "bin/run to its processes: plugins that were disabled when it started",
    "CLOUDSTACK_SUPERVISED_BY": "bin/run to its processes: whose installation they belong to",
    "CLOUDSTACK_TETHER_PARENT": "to a child process: whose death ends it",
    "CLOUDSTACK_TEST_RUN": "tests to their processes: the folder of the run",
    "CLOUDSTACK_TEST_MIGRATED": "bin/test to its phases: where they share a migrated database",
    "CLOUDSTACK_TEST_BELL": "tests to their workers: wake-ups are sent",
    "CLOUDSTACK_SIMULATOR_CRASH": "tests: a simulated crash raises instead of killing the worker",
    "GUNICORN_BIND": "bin/run to the web server: made of HOST and PORT",
    "MTOOLS_SKIP_CHECK": "lab to mtools",
    "PATH": "of the system",
    "PROMETHEUS_MULTIPROC_DIR": "of prometheus-client: where the web server's processes put their counters together",
    "PYTHONPATH": "of Python",
    "PYTEST_XDIST_WORKER": "of pytest-xdist: which of its processes this is",
}
"""Variables that programs of ours set for each other, or that belong to others, and why they are no option."""


def described(reader: Reader) -> str:
    """The lines of ``--help`` for what ``reader`` reads."""
    own = [variable for variable in VARIABLES if reader in variable.readers]
    width = max(len(variable.name) for variable in own) + 4
    lines = []
    for one in own:
        first, rest = f"  {one.name}".ljust(width), " " * width
        text = f"{one.meaning} (default: {one.default})"
        lines.append(textwrap.fill(text, _HELP_WIDTH, initial_indent=first, subsequent_indent=rest))
    return "\n".join(lines) + "\n"
