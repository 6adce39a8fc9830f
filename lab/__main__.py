"""`bin/lab`: up, down, status, exec, vcenter."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from lab import cloud, namespaces, vcenter
from lab.checks import extend_path, preflight
from lab.hosts import AgentOptions, LabError
from lab.layout import REPO, data_folder
from lab.net import CommandFailed

CANNOT_RUN_HERE = 3


def say(words: str) -> None:
    print(f"lab: {words}", flush=True)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="bin/lab",
        description="A real cloud on one machine: hypervisor hosts made of namespaces, joined by a bridge.",
        epilog="State lives in $CLOUDSTACK_DATA/lab (default: var/lab of the repository). Exit status 3: this "
        "machine cannot carry a lab, and why. The guest image, once built, is kept below $XDG_CACHE_HOME "
        "(default: ~/.cache).",
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="up|down|status|exec|check|vcenter")
    one = verbs.add_parser("up", help="start what is missing, repair what is broken")
    one.add_argument("--hosts", type=int, metavar="N", help="how many hosts (default: as last time, at first 2)")
    one.add_argument(
        "--broker",
        default=os.environ.get("CLOUDSTACK_BROKER_URL") or os.environ.get("REDIS_URL") or "",
        metavar="URL",
        help="run a host agent on each host against this broker: unix:///path or redis://host:port/0 "
        "(default: $CLOUDSTACK_BROKER_URL, then $REDIS_URL)",
    )
    one.add_argument("--python", default=_agent_python(), help="interpreter with Celery for the agents")
    one.add_argument("--no-image", action="store_true", help="do without the guest image")
    one = verbs.add_parser("down", help="end all of it")
    one.add_argument("--purge", action="store_true", help="also delete disks, definitions and addresses")
    one = verbs.add_parser("status", help="say what runs")
    one.add_argument("--json", action="store_true", help="as data")
    verbs.add_parser("check", help="say whether this machine can carry a lab")
    one = verbs.add_parser("vcenter", help="a simulated vCenter in the background; needs Go and no root")
    one.add_argument("what", choices=("up", "down", "status"), help="status shows its password, too")
    one.add_argument("--hosts", type=int, default=3, metavar="N", help="hosts of its cluster (default: 3)")
    one.add_argument("--machines", type=int, default=0, metavar="N", help="machines that somebody else made")
    one = verbs.add_parser("exec", help="run a command on a host: exec HOST -- COMMAND...")
    one.add_argument("host")
    one.add_argument("argv", nargs=argparse.REMAINDER)
    return top


def _agent_python() -> str:
    own = REPO / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def main() -> int:
    options = parser().parse_args()
    data = data_folder()
    if options.verb in ("up", "check", "exec"):
        problems = preflight()
        for problem in problems:
            print(f"lab: {problem}", file=sys.stderr)
        if problems:
            return CANNOT_RUN_HERE
    try:
        return VERBS[options.verb](data, options)
    except (LabError, CommandFailed, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _up(data: Path, options: argparse.Namespace) -> int:
    agent = AgentOptions(broker=options.broker, python=options.python)
    cloud.up(data, count=options.hosts, agent=agent, with_image=not options.no_image, say=say)
    return 0


def _down(data: Path, options: argparse.Namespace) -> int:
    cloud.down(data, purge=options.purge, say=say)
    return 0


def _status(data: Path, options: argparse.Namespace) -> int:
    state = cloud.status(data)
    print(json.dumps(state, indent=1) if options.json else _as_text(state))
    return 0


def _vcenter(data: Path, options: argparse.Namespace) -> int:
    if options.what == "down":
        say("the vCenter has ended" if vcenter.down(data) else "there is no vCenter")
        return 0
    lacking = vcenter.problems() if options.what == "up" else []
    for problem in lacking:
        print(f"lab: {problem}", file=sys.stderr)
    if lacking:
        return CANNOT_RUN_HERE
    if options.what == "up":
        vcenter.up(data, hosts=options.hosts, machines=options.machines, say=say)
    center = vcenter.status(data)
    if center is None:
        say("there is no vCenter; bin/lab vcenter up starts one")
        return 0
    say(f"vCenter with the cluster {center.url()}")
    say(f"  user {center.username}, password {center.password}, datastores LocalDS_0 and LocalDS_1")
    say(f"  thumbprint {center.thumbprint}")
    return 0


def _check(data: Path, options: argparse.Namespace) -> int:
    say("this machine can carry a lab")
    return 0


def _exec(data: Path, options: argparse.Namespace) -> int:
    extend_path()
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not argv:
        raise LabError("exec needs a command: bin/lab exec host1 -- ip address")
    return namespaces.run_inside(cloud.init_pid(data, options.host), argv)


def _as_text(state: dict[str, Any]) -> str:
    if state["state"] == "absent":
        return f"no lab in {state['data']}; bin/lab up makes one"
    lines = [
        f"lab {state['prefix']} is {state['state']}: {state['subnet']}, this machine is {state['gateway']}",
        f"  shared pool  {state['shared_pool_path']}",
        f"  image        {state['image'] or 'not built'}",
    ]
    for host in state["hosts"]:
        agent = f"agent {host['agent_pid']}" if host["agent_pid"] else "no agent"
        lines.append(f"  {host['name']:<8} {host['state']:<5} {host['mgmt_ip']:<15} {agent:<13} {host['libvirt_uri']}")
    lines += [f"  {domain['host']:<8} {domain['state']:<8} {domain['name']}" for domain in state["domains"]]
    return "\n".join(lines)


VERBS = {"up": _up, "down": _down, "status": _status, "check": _check, "exec": _exec, "vcenter": _vcenter}

if __name__ == "__main__":
    sys.exit(main())
