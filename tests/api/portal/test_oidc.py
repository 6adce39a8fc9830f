"""Signing in by an OpenID Connect provider. What it loads depends on the environment, so the cases have a process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from cloudstack.runtime.oidc import provider_from_environment

CASES = Path(__file__).with_name("oidc_cases.py")
FOREIGN = ("CLOUDSTACK_TEST_RUN", "PYTEST_XDIST_WORKER", "DATABASE_URL", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS")


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    secret = tmp_path / "secret"
    secret.write_text("shared-secret\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {
        "CLOUDSTACK_OIDC_ISSUER": f"http://127.0.0.1:{port}",
        "CLOUDSTACK_OIDC_CLIENT_ID": "portal",
        "CLOUDSTACK_OIDC_CLIENT_SECRET_FILE": str(secret),
        "CLOUDSTACK_OIDC_NAME": "Example Login",
        "CLOUDSTACK_OIDC_DOMAIN": "sales",
        **more,
    }


@pytest.mark.parametrize(
    ("which", "more"),
    [
        ("email", {}),
        ("name", {"CLOUDSTACK_OIDC_MATCH": "login", "CLOUDSTACK_OIDC_SECOND_FACTOR": "provider"}),
        ("role", {"CLOUDSTACK_OIDC_CREATE_WITH_ROLE": "User"}),
    ],
    ids=["by-email", "by-name", "made-users"],
)
def test_people_come_in_by_a_provider(tmp_path: Path, which: str, more: dict[str, str]) -> None:
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--nomigrations",
            "-p",
            "no:cacheprovider",
            "-k",
            f"test_{which}",
            str(CASES),
        ],
        env={**env, **environment(tmp_path, **more)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


def test_nothing_of_it_is_there_where_none_is_configured(db: None) -> None:
    assert settings.OIDC is None
    assert not [one for one in apps.get_app_configs() if one.name.startswith("allauth")]
    page = Client().get("/sign-in/")
    assert b"provider" not in page.content and "form-action 'self';" in page["Content-Security-Policy"] + ";"
    assert Client().post("/sign-in/provider/").status_code == 404


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"CLOUDSTACK_OIDC_ISSUER": "http://login.example.org"}, "CLOUDSTACK_OIDC_ISSUER"),
        ({"CLOUDSTACK_OIDC_CLIENT_ID": ""}, "CLOUDSTACK_OIDC_CLIENT_ID"),
        ({"CLOUDSTACK_OIDC_CLIENT_SECRET_FILE": "/nowhere"}, "CLOUDSTACK_OIDC_CLIENT_SECRET_FILE"),
        ({"CLOUDSTACK_OIDC_SECOND_FACTOR": "yes"}, "CLOUDSTACK_OIDC_SECOND_FACTOR"),
    ],
    ids=["plain-http", "no-client", "no-secret", "second-factor"],
)
def test_a_wrong_variable_is_named(tmp_path: Path, change: dict[str, str], names: str) -> None:
    with pytest.raises(ValueError, match=names):
        provider_from_environment({**environment(tmp_path), **change})
    assert "shared-secret" not in repr(provider_from_environment(environment(tmp_path)))
