"""One installation with real hosts for all acceptance tests, started by bin/run as an operator does."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import preflight
from tests.acceptance.lab_cloud import LabCloud
from tests.browser.conftest import chromium
from tests.integration.runtime.installation import REPO, Installation

# Here, once: Playwright runs one browser a process, and each module that imported it would have its own.
__all__ = ["chromium"]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabCloud]:
    problems = preflight()
    if problems:
        pytest.skip("no lab here: " + "; ".join(problems))
    folder: Path = tmp_path_factory.mktemp("acceptance")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    installation = Installation(folder / "data", CLOUDSTACK_LAB="1")
    begun = time.monotonic()
    try:
        installation.start()
        print(f"\nREADY after {time.monotonic() - begun:.1f} s")  # noqa: T201 - a figure of the report
        yield LabCloud(installation, key)
    finally:
        installation.destroy()
        subprocess.run([REPO / "bin" / "lab", "down", "--purge"], env=installation.environment, check=False)
