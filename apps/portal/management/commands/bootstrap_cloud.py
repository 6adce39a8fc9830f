"""The first filling of a cloud, safe to repeat: administrator, keys, offerings, zones."""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.accounts.selectors import caller_of
from apps.accounts.services.bootstrap import ensure_admin_keys, ensure_root
from apps.portal.services.first_cloud import carry_out, seed_catalogue
from apps.portal.services.lab_zone import seed_lab_zone
from apps.portal.services.region import ensure_local_region
from apps.portal.services.simulator_zone import seed_simulator_zone
from cloudstack.framework.context import calling
from cloudstack.framework.jobs import AsyncJob

LAB_TIMEOUT_S = 60
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Command(BaseCommand):
    help = (
        "Makes the first administrator, the default offerings, zone simulator and, when CLOUDSTACK_LAB is 1, zone lab. "
        "Writes admin.env with the administrator's keys into the data folder. Changes nothing that is there."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(18)
        root = ensure_root("admin", password)
        caller = caller_of(root.admin)
        ensure_local_region()
        with calling(caller):
            pair = ensure_admin_keys(root.admin)
            self._write_admin_env(pair.api_key, pair.secret_key.reveal(), password if root.created else "")
            seed_catalogue(caller=caller)
            _, jobs = seed_simulator_zone(caller=caller)
            failed = carry_out(jobs)
            lab = self._lab()
            if lab:
                failed += seed_lab_zone(caller=caller, lab=lab)
        self._report(failed)

    def _lab(self) -> dict[str, Any] | None:
        """What ``bin/lab status --json`` says, if there is a lab."""
        if os.environ.get("CLOUDSTACK_LAB") != "1":
            return None
        answer = subprocess.run(
            [str(settings.BASE_DIR / "bin" / "lab"), "status", "--json"],
            env={**os.environ, "CLOUDSTACK_DATA": str(settings.DATA_DIR)},
            capture_output=True,
            text=True,
            timeout=LAB_TIMEOUT_S,
            check=False,
        )
        if answer.returncode != 0:
            self.stderr.write(f"no lab: {answer.stderr.strip()}")
            return None
        lab = json.loads(answer.stdout)
        return lab if lab["state"] == "up" else None

    def _write_admin_env(self, key: str, secret: str, password: str) -> None:
        """``admin.env``, readable by its owner only; a password that is known from before is kept."""
        path = Path(settings.DATA_DIR) / "admin.env"
        host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
        known = dict(
            line.split("=", 1) for line in (path.read_text().splitlines() if path.exists() else []) if "=" in line
        )
        values = {
            "CLOUDSTACK_ENDPOINT": f"http://{'127.0.0.1' if host in EVERYWHERE else host}:{port}/client/api",
            "CLOUDSTACK_KEY": key,
            "CLOUDSTACK_SECRET": secret,
            "ADMIN_USER": "admin",
            "ADMIN_PASSWORD": password or known.get("ADMIN_PASSWORD", ""),
        }
        scratch = path.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        scratch.touch(mode=0o600)
        scratch.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        scratch.replace(path)

    def _report(self, failed: list[AsyncJob]) -> None:
        for job in failed:
            job.refresh_from_db()
            self.stderr.write(f"{job.description}: {job.error_text or 'goes on in the background'}")
