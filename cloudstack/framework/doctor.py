"""Questions that an operator asks when something is wrong; see the hook ``register_doctor_checks``."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from cloudstack.framework.plugins.manager import pm

HOOK = "register_doctor_checks"
LIMIT_S = 10.0


@dataclass(frozen=True)
class Finding:
    """One line of the answer. ``remedy`` says what would help, if it is not well."""

    well: bool
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class DoctorCheck:
    """``function`` answers with a finding, or a list of them; what it raises is a finding, too."""

    name: str
    function: Callable[[], Finding | list[Finding]]


@dataclass(frozen=True)
class Diagnosis:
    """What a check found, and how long it took."""

    plugin: str
    name: str
    findings: list[Finding]
    seconds: float


_checks: list[tuple[str, DoctorCheck]] = []


def register_checks() -> None:
    """Take in the checks of the platform and of plugins."""
    pm.take(HOOK, _add, _drop)


def _add(plugin: str, check: Any) -> None:
    if not isinstance(check, DoctorCheck):
        raise ImproperlyConfigured(f"{HOOK}: {check!r} is no DoctorCheck")
    _checks.append((plugin, check))


def _drop(check: DoctorCheck) -> None:
    _checks[:] = [entry for entry in _checks if entry[1] is not check]


def examine(limit_s: float = LIMIT_S, *, only: str = "") -> list[Diagnosis]:
    """Ask every check, one after the other; one that does not answer in time is left behind.

    ``only``: the name of the one plugin whose checks are asked, or ``platform``.
    """
    return [_examined(plugin, check, limit_s) for plugin, check in list(_checks) if only in ("", plugin)]


def _examined(plugin: str, check: DoctorCheck, limit_s: float) -> Diagnosis:
    begun, answer = time.perf_counter(), [Finding(False, f"it did not answer within {limit_s:.0f} s")]

    def ask() -> None:
        from django.db import connection

        try:
            found = check.function()
            answer[:] = [found] if isinstance(found, Finding) else list(found)
        except Exception as error:  # what it ran into is the answer
            answer[:] = [Finding(False, f"{type(error).__name__}: {error}")]
        finally:
            connection.close()

    thread = threading.Thread(target=ask, name=f"doctor {check.name}", daemon=True)
    thread.start()
    thread.join(limit_s)
    return Diagnosis(plugin, check.name, list(answer), time.perf_counter() - begun)
