"""``bin/run`` and ``bin/run doctor``: see :data:`cloudstack.runtime.config.HELP`."""

import argparse
import os
import signal
import sys

from cloudstack.runtime.config import HELP, MARKER, REPO, ConfigError, RunConfig, from_environment


def main() -> int:
    # Until the launcher can stop in order, Ctrl-C just ends this process, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parser = argparse.ArgumentParser(
        prog="bin/run", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", nargs="?", choices=["run", "doctor"], default="run", help=argparse.SUPPRESS)
    options, more = parser.parse_known_args()
    if more and options.verb == "run":
        parser.error(f"unknown: {' '.join(more)}")
    try:
        config = from_environment()
    except ConfigError as error:
        print(f"bin/run: {error}", file=sys.stderr)
        return 2
    if options.verb == "doctor":
        examine(config, more)
    from cloudstack.runtime.launcher import main_run

    return main_run(config)


def examine(config: RunConfig, arguments: list[str]) -> None:
    """Become ``manage.py doctor``, with the environment of the installation's own processes."""
    environment = config.child_environment(lab=False)
    # It is none of them: what stops them must not stop it.
    del environment[MARKER]
    command = [sys.executable, str(REPO / "manage.py"), "doctor", *arguments]
    os.execve(sys.executable, command, environment)  # noqa: S606 - an argument list, no shell


if __name__ == "__main__":
    sys.exit(main())
