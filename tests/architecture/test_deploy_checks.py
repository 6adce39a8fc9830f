"""Django's own checks of an installation find nothing to complain about."""

import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent


def test_production_settings_behind_tls_are_clean(tmp_path: Path) -> None:
    """Without HTTPS=1 the portal is for loopback only, and Django says about that what is true."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {
        **kept,
        "CLOUDSTACK_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "cloudstack.settings.production",
        "HTTPS": "1",
    }
    answer = subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "INFO"],
        cwd=REPO,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout
