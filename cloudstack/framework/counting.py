"""Counters in the cache that every process shares: how often something happened in a stretch of time."""

import logging
import math
import time
from dataclasses import dataclass

from django.core.cache import cache

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Window:
    """A stretch of time, the same for every process."""

    key: str
    ends_in_s: float


def window(subject: str, length_s: int) -> Window:
    """The running stretch of ``length_s`` seconds for ``subject``.

    Its number is part of the key: a counter that expires between two commands of the cache can never come back
    to life without an end.
    """
    now = time.time()
    number = math.floor(now / length_s)
    return Window(f"count:{subject}:{length_s}:{number}", (number + 1) * length_s - now)


def add(subject: str, length_s: int) -> tuple[int, Window]:
    """Count one more, in one atomic step; answers the number so far. Without a cache it is 0: see ``_lost``."""
    current = window(subject, length_s)
    try:
        cache.add(current.key, 0, timeout=2 * length_s)
        return int(cache.incr(current.key)), current
    except ValueError:
        return 1, current  # thrown out of a full cache in between
    except Exception as error:
        return _lost(error), current


def so_far(subject: str, length_s: int) -> tuple[int, Window]:
    """The number without counting."""
    current = window(subject, length_s)
    try:
        return int(cache.get(current.key) or 0), current
    except Exception as error:
        return _lost(error), current


def forget(*subjects: str, length_s: int) -> None:
    """Begin the running stretch anew. Raises what the cache raises."""
    cache.delete_many([window(subject, length_s).key for subject in subjects])


def _lost(error: Exception) -> int:
    """Nobody is shut out because the cache is away: what counts must hold is not only counted here."""
    log.error("the cache does not answer, so that nothing is counted: %s", error)
    return 0
