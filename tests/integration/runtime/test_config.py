"""What bin/run reads from its environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudstack.runtime.config import MARKER, REPO, ConfigError, from_environment
from cloudstack.runtime.folders import near_or_short
from cloudstack.runtime.plugin_choice import STARTED_VARIABLE, changing
from cloudstack.runtime.programs import programs, supervisor_config


def test_the_defaults_are_embedded_and_local() -> None:
    config = from_environment({})
    assert (config.host, config.port, config.lab) == ("127.0.0.1", 8000, "auto")
    assert config.data.name == "var"
    assert config.redis_url is None and config.effective_redis_url.startswith("unix:///")
    assert config.url == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "abc"), ("PORT", "0"), ("PORT", "70000"), ("WORKER_CONCURRENCY", "-1"), ("CLOUDSTACK_LAB", "maybe")],
)
def test_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        from_environment({name: value})


@pytest.mark.parametrize(
    ("host", "url", "bind"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000", "0.0.0.0:8000"),
        ("::1", "http://[::1]:8000", "[::1]:8000"),
        ("10.0.0.5", "http://10.0.0.5:8000", "10.0.0.5:8000"),
    ],
)
def test_addresses(host: str, url: str, bind: str) -> None:
    config = from_environment({"HOST": host})
    assert (config.url, config.bind) == (url, bind)


def test_secrets_in_urls_do_not_show_when_printed() -> None:
    config = from_environment({"DATABASE_URL": "postgres://u:hush@h/d", "REDIS_URL": "redis://:hush@h"})
    assert "hush" not in repr(config)


def test_children_know_their_installation(tmp_path: Path) -> None:
    config = from_environment({"CLOUDSTACK_DATA": str(tmp_path), "PORT": "8011"})
    environment = config.child_environment(lab=False)
    assert environment[MARKER] == environment["CLOUDSTACK_DATA"] == str(tmp_path)
    assert environment["GUNICORN_BIND"] == "127.0.0.1:8011"
    assert environment["CLOUDSTACK_LAB"] == "0"
    # Plugins that are chosen while it runs do not come and go with a process that dies.
    with changing(tmp_path) as names:
        names.add("kvm")
    assert environment[STARTED_VARIABLE] == "" and config.child_environment(lab=False)[STARTED_VARIABLE] == "kvm"


def test_sockets_of_a_deep_folder_live_in_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    short = near_or_short(deep, "supervisor.sock")
    assert len(str(short / "supervisor.sock")) < 107 and short == near_or_short(deep, "supervisor.sock")
    assert short != near_or_short(deep / "other", "supervisor.sock")
    assert near_or_short(tmp_path, "s") == tmp_path.resolve()


def test_a_percent_sign_in_the_path_survives_the_supervisors_configuration(tmp_path: Path) -> None:
    config = from_environment({"CLOUDSTACK_DATA": str(tmp_path / "100%s")})
    listed = programs(config, lab=False, flower_port=5555, flower_password="pa%ss")
    text = supervisor_config(config, listed)
    assert "100%%s" in text and "pa%%ss" in text
    assert {program.name for program in listed} >= {"valkey", "web", "worker", "beat", "flower"}


def test_an_operators_redis_needs_no_private_one() -> None:
    config = from_environment({"REDIS_URL": "redis://r.example:6379/0"})
    names = {program.name for program in programs(config, lab=False, flower_port=0, flower_password="x")}
    assert "valkey" not in names and "flower" not in names


def test_behind_tls_everything_is_redirected_except_the_question_whether_it_lives(tmp_path: Path) -> None:
    """bin/run itself asks over plain HTTP: redirected, it would never say READY."""
    program = (
        "import django; django.setup(); from django.test import Client; client = Client()\n"
        "print(*(client.get(path, headers={'host': '127.0.0.1'}).status_code for path in ('/healthz', '/admin/')))"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "cloudstack.settings.production", "CLOUDSTACK_DATA": str(tmp_path)}
    environment |= {"HTTPS": "1", "REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": f"sqlite:///{tmp_path / 'db'}"}
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPO,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.split() == ["200", "301"], answer.stderr
