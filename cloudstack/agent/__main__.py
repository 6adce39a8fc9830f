"""``python -m cloudstack.agent``: serve a host, or do one command on it by hand."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from cloudstack.agent.tools import AgentContext
from cloudstack.contracts.agent import COMMANDS

DEFAULT_STATE = Path("/var/lib/cloudstack-agent")
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m cloudstack.agent", description=__doc__)
    top.add_argument("--host-uuid", required=True, help="UUID of the host as the portal knows it")
    top.add_argument(
        "--broker",
        default=os.environ.get("CLOUDSTACK_BROKER_URL", ""),
        help="redis://…, unix:///path or redis+socket:///path (default: $CLOUDSTACK_BROKER_URL, which nobody can "
        "read in the list of processes)",
    )
    top.add_argument("--state-dir", type=Path, default=DEFAULT_STATE, help="what the agent remembers (%(default)s)")
    top.add_argument("--memory-mib", type=int, default=0, help="promise this much memory instead of all")
    top.add_argument("--call", metavar="KIND", choices=sorted(COMMANDS), help="do one command, print the answer, end")
    top.add_argument("payload", nargs="?", default="{}", help="the command's fields as JSON, with --call")
    return top


def main() -> int:
    options = parser().parse_args()
    folders = os.environ.get("PATH", "").split(":")
    os.environ["PATH"] = ":".join([*folders, *(name for name in SYSTEM_FOLDERS if name not in folders)])
    context = AgentContext(host_uuid=options.host_uuid, state_dir=options.state_dir, memory_mib=options.memory_mib)
    if options.call:
        return _call(context, options.call, options.payload)
    if not options.broker:
        sys.stderr.write("agent: --broker or CLOUDSTACK_BROKER_URL is needed\n")
        return 2
    from cloudstack.agent.app import serve
    from cloudstack.runtime.redis_urls import broker_url

    serve(context, broker_url(options.broker))
    return 0


def _call(context: AgentContext, kind: str, payload: str) -> int:
    from cloudstack.agent.registry import answer

    context.prepare()
    message = answer(context, kind, json.loads(payload), quiet=True)
    sys.stdout.write(json.dumps(message, indent=1) + "\n")
    return 0 if message["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
