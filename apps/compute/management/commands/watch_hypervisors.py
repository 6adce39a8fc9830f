"""Listens to hypervisors' events until it is told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from apps.compute.services.power_watch import PowerWatch


class Command(BaseCommand):
    help = "Follows power changes of machines as hosts tell them; runs until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        PowerWatch(stop).run()
