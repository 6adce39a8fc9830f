"""A plugin that is slow in a hook is left alone there for a while.

A running call cannot be ended; the next ones can be spared.
"""

import threading
import time
from collections.abc import Hashable

STUCK_S = 5.0
"""A call of a hook in a request must not take longer."""
FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 900.0
QUIET_S = 60.0


class Pauses:
    """Which hooks of which plugins are not called now, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], list[float]] = {}
        self._until: dict[tuple[str, str], float] = {}
        self._strikes: dict[tuple[str, str], int] = {}

    def free(self, plugin: str, hook: str) -> bool:
        """Whether the hook may be called: it is not paused, and no call of it has hung for ``STUCK_S``."""
        key, now = (plugin, hook), time.perf_counter()
        if now < self._until.get(key, 0.0):
            return False
        running = self._running.get(key)
        return not running or now - min(running, default=now) < STUCK_S

    def begin(self, plugin: str, hook: str, moment: float) -> None:
        """A call begins; ``moment`` is of ``time.perf_counter()`` and names the call."""
        with self._lock:
            self._running.setdefault((plugin, hook), []).append(moment)

    def end(self, plugin: str, hook: str, moment: float) -> None:
        """The call that began at ``moment`` has ended."""
        with self._lock:
            self._running[plugin, hook].remove(moment)

    def strike(self, plugin: str, hook: str, seconds: float) -> float:
        """A call took ``seconds``: answers for how many the hook is paused, twice as long each time; mostly 0."""
        if seconds < STUCK_S:
            return 0.0
        key = (plugin, hook)
        with self._lock:
            strikes = self._strikes[key] = self._strikes.get(key, 0) + 1
            pause_s = min(FIRST_PAUSE_S * 2.0 ** min(strikes - 1, 10), LONGEST_PAUSE_S)
            self._until[key] = time.perf_counter() + pause_s
        return pause_s

    def paused_s(self, plugin: str, hook: str) -> float:
        """For how many more seconds it is paused."""
        return max(0.0, self._until.get((plugin, hook), 0.0) - time.perf_counter())


class Quiet:
    """Says whether a complaint may be logged: each one once in ``QUIET_S``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[Hashable, tuple[float, int]] = {}

    def due(self, key: Hashable) -> int | None:
        """How many complaints were kept back since the last one that was logged; None: keep this one back, too."""
        now = time.monotonic()
        with self._lock:
            last, kept_back = self._said.get(key, (float("-inf"), 0))
            if now - last < QUIET_S:
                self._said[key] = (last, kept_back + 1)
                return None
            self._said[key] = (now, 0)
        return kept_back
