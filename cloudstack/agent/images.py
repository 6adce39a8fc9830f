"""Files of volumes, looked over by QEMU's own tool on the host that sees them."""

from __future__ import annotations

import json
import os
import stat
import subprocess

from cloudstack.agent.tools import AgentContext
from cloudstack.contracts.agent import CheckImage, ImageReport
from cloudstack.contracts.errors import DriverError, DriverTimeout, NotFound

SOUND, CORRUPT, LEAKS, UNCHECKABLE = 0, 2, 3, 63
"""What ``qemu-img check`` ends with."""


def check_image(context: AgentContext, command: CheckImage) -> ImageReport:
    """Report on the image; QEMU's own lock keeps it from one that a machine has open."""
    try:
        mode = os.lstat(command.path).st_mode
    except FileNotFoundError:
        raise NotFound(f"{command.path} is not there") from None
    if not stat.S_ISREG(mode):
        raise DriverError(f"{command.path} is no plain file")
    argv = ["qemu-img", "check", "--output=json", "-f", command.format]
    argv += ["-r", command.repair] if command.repair else []
    try:
        done = subprocess.run(
            [*argv, command.path], capture_output=True, text=True, check=False, timeout=command.timeout_s
        )
    except FileNotFoundError:
        raise DriverError("qemu-img is not installed on this host") from None
    except subprocess.TimeoutExpired:
        raise DriverTimeout(f"{command.path}: the check did not end within {command.timeout_s} s") from None
    if done.returncode == UNCHECKABLE:
        return ImageReport(format=command.format, checkable=False)
    if done.returncode not in (SOUND, CORRUPT, LEAKS):
        raise DriverError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise DriverError(f"qemu-img said nothing understandable about {command.path}") from None
    return ImageReport(
        format=command.format,
        errors=int(found.get("check-errors", 0)),
        corruptions=int(found.get("corruptions", 0)),
        leaks=int(found.get("leaks", 0)),
        corruptions_fixed=int(found.get("corruptions-fixed", 0)),
        leaks_fixed=int(found.get("leaks-fixed", 0)),
        total_clusters=int(found.get("total-clusters", 0)),
        allocated_clusters=int(found.get("allocated-clusters", 0)),
        end_offset=int(found.get("image-end-offset", 0)),
    )
