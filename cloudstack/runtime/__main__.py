"""``python -m cloudstack.runtime run``: see :data:`cloudstack.runtime.config.HELP`."""

import argparse
import signal
import sys

from cloudstack.runtime.config import HELP, ConfigError, from_environment


def main() -> int:
    # Until the launcher can stop in order, Ctrl-C just ends this process, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parser = argparse.ArgumentParser(
        prog="bin/run", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # bin/run names the verb itself; who calls the module may too.
    parser.add_argument("verb", nargs="?", choices=["run"], default="run", help=argparse.SUPPRESS)
    parser.parse_args()
    try:
        config = from_environment()
    except ConfigError as error:
        print(f"bin/run: {error}", file=sys.stderr)
        return 2
    from cloudstack.runtime.launcher import main_run

    return main_run(config)


if __name__ == "__main__":
    sys.exit(main())
