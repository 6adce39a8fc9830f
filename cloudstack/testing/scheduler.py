"""Runs periodic jobs in the test's own process."""

from cloudstack.framework.scheduler import runner


def run_scheduled(name: str) -> bool:
    """Run the periodic job ``name`` now; answers whether it ran."""
    return runner.run(name, forced=True)
