"""Passwords that plugins judge; see the hook ``register_login_backends``."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured

from apps.accounts.models import User
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.secrets import Secret

HOOK = "register_login_backends"


class LoginBackend(Protocol):
    """Something that knows passwords of users whom the portal knows: a directory, another system."""

    name: str

    def verify(self, *, username: str, domain_path: str, password: Secret) -> bool | None:
        """Whether the password is the user's; None for a user whom this back end does not know.

        It runs in the request: set short time-outs. Raises anything when the other system does not answer.
        """


@dataclass(frozen=True)
class Judgement:
    """``right`` is None when no back end knows the user. ``unsure``: one that may know him did not answer."""

    right: bool | None = None
    unsure: bool = False


_backends: list[tuple[str, LoginBackend]] = []


def register_plugin_backends() -> None:
    """Take in what plugins give."""
    pm.take(HOOK, _add, _drop)


def _add(plugin: str, backend: Any) -> None:
    if not callable(getattr(backend, "verify", None)) or not getattr(backend, "name", ""):
        raise ImproperlyConfigured(f"{HOOK}: {backend!r} is no LoginBackend: it needs a name and verify()")
    _backends.append((plugin, backend))


def _drop(backend: LoginBackend) -> None:
    _backends[:] = [entry for entry in _backends if entry[1] is not backend]


def judge(user: User, password: str) -> Judgement:
    """Ask each back end in turn until one decides."""
    unsure = False
    for plugin, backend in _backends:
        facts = {"username": user.username, "domain_path": user.domain.path, "password": Secret(password)}
        said = pm.guarded(plugin, HOOK, lambda backend=backend, facts=facts: (backend.verify(**facts),))
        if said is None:
            unsure = True
        elif said[0] is not None:
            return Judgement(bool(said[0]))
    return Judgement(unsure=unsure)
