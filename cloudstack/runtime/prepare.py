"""Brings database, static files and the first cloud up to date, in one process so that Django is loaded once."""

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path

from cloudstack.runtime import plugin_faults
from cloudstack.runtime.config import REPO
from cloudstack.runtime.plugin_faults import RETRY_VARIABLE

_LAB_SECONDS = 120.0


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 when everything stands; errors of Django's commands pass through."""
    parser = argparse.ArgumentParser(prog="prepare", description=__doc__)
    parser.add_argument("--await-lab", type=Path, metavar="FILE", help="wait until FILE says how the lab came up")
    parser.add_argument("--migrated", action="store_true", help="the database is up to date")
    options = parser.parse_args(arguments)
    os.environ[RETRY_VARIABLE] = "" if options.migrated else "1"

    import django
    from django.conf import settings
    from django.core.management import call_command, get_commands

    os.umask(0o077)
    django.setup()
    if not options.migrated:
        call_command("migrate", interactive=False, verbosity=0)
        _say("database ready")
        if failed := plugin_faults.failed({}, settings.DATA_DIR):
            for name, reason in failed.items():
                _say(f"plugin {name} is left out of this start: {reason}")
            # This process has them loaded; what follows must not.
            given = sys.argv[1:] if arguments is None else arguments
            command = [sys.executable, "-m", "cloudstack.runtime.prepare", *given, "--migrated"]
            os.execv(sys.executable, command)  # noqa: S606 - an argument list, no shell
    _collect_static(Path(settings.STATIC_ROOT))
    if options.await_lab:
        os.environ["CLOUDSTACK_LAB"] = "1" if _lab_is_up(options.await_lab) else "0"
    if "bootstrap_cloud" in get_commands():
        call_command("bootstrap_cloud")
        _say("cloud ready")
    return 0


def _say(words: str) -> None:
    print(words, flush=True)


def _collect_static(root: Path) -> None:
    from django.core.management import call_command

    key_file = root.with_name(f"{root.name}.key")
    key = _static_key()
    if root.is_dir() and key_file.is_file() and key_file.read_text() == key:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=root.is_dir())
    key_file.write_text(key)
    _say("static files collected")


def _static_key() -> str:
    """Changes when a package or one of our own static files changes; asks only for names, sizes and times."""
    digest = hashlib.sha256()
    stamp = Path(sys.prefix) / "stamp"
    digest.update(stamp.read_bytes() if stamp.is_file() else b"")
    from django.apps import apps

    # Those of plugins may lie anywhere.
    own = sorted({Path(config.path) / "static" for config in apps.get_app_configs()})
    folders = [REPO / "static", REPO / "node_modules", *own]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found = path.stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _lab_is_up(state_file: Path) -> bool:
    deadline = time.monotonic() + _LAB_SECONDS
    while time.monotonic() < deadline:
        try:
            state = state_file.read_text().strip()
        except FileNotFoundError:
            state = ""
        if state in {"up", "failed"}:
            return state == "up"
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
