"""Waits until a Celery worker on the broker answers: ``python -m cloudstack.runtime.ping SECONDS``."""

import os
import sys
import time


def main(seconds: float) -> int:
    """Returns 0 at the first answer, 1 if there is none in time. The broker stands in ``CLOUDSTACK_BROKER_URL``."""
    # Celery looks for Django when it is imported, and this package promises not to.
    from celery import Celery

    app = Celery(broker=os.environ["CLOUDSTACK_BROKER_URL"])
    app.conf.broker_connection_retry_on_startup = True
    trouble: Exception | None = None
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            replies = app.control.ping(timeout=0.3)
        except Exception as error:
            # Every layer has errors of its own for a broker that is not there yet.
            trouble = error
            time.sleep(0.2)
            continue
        # The lab's host agents are workers too, but they serve no jobs.
        if any(name.startswith("worker@") for reply in replies for name in reply):
            return 0
    print(f"no worker answered: {trouble or 'silence'}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
