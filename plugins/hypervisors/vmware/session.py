"""One session of a process with each vCenter: logged in when it is needed, kept alive while it is used, given up after.

A session is shared by threads: pyVmomi keeps a few connections below it. A vCenter that has forgotten the session
(it restarted, an operator ended it) says so before it does anything, so the call is made again after a new login.
"""

import hashlib
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import SoapStubAdapter, vim
from pyVmomi.VmomiSupport import versionMap

from plugins.hypervisors.vmware.errors import FAULTS, TRANSPORT
from plugins.hypervisors.vmware.trust import Trust

log = logging.getLogger(__name__)

API_VERSION = versionMap["vim25/6.5"]
"""The oldest vSphere that is spoken to; newer ones answer in its words."""
CALL_TIMEOUT_S = 60.0
IDLE_CONNECTION_S = 120
KEEP_ALIVE_S = 300.0
"""vCenter ends a session after 30 minutes without a call."""
UNUSED_S = 3600.0
"""After so long without a use a session is logged out; the next use logs in anew."""


@dataclass(frozen=True)
class Login:
    """Whom to ask, as whom."""

    server: str
    port: int
    username: str
    password: str = field(repr=False)
    trust: Trust

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two logins the same; a password stands in it as a digest only."""
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        return (os.getpid(), self.server, self.port, self.username, digest, self.trust)


class _Stub(SoapStubAdapter):  # type: ignore[misc]
    """Logs in anew when vCenter has forgotten the session, and makes the call again."""

    session: "Session"

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:
        before = self.session.logins
        try:
            return super().InvokeMethod(mo, info, args, outerStub)
        except vim.fault.NotAuthenticated:
            if not self.session.log_in_again(before):
                raise
        return super().InvokeMethod(mo, info, args, outerStub)


class Session:
    """A login to one vCenter, and what was learned there that does not change."""

    def __init__(self, login: Login):
        self.login = login
        self.known: dict[Any, Any] = {}
        """Managed objects by what they were looked up by; forgotten when vCenter says that one is gone."""
        self.logins = 0
        self.used_at = time.monotonic()
        self._lock = threading.RLock()
        self._logging_in = False
        self.stub = _Stub(
            host=login.server,
            port=login.port,
            path="/sdk",
            version=API_VERSION,
            sslContext=login.trust.context(),
            httpConnectionTimeout=CALL_TIMEOUT_S,
            connectionPoolTimeout=IDLE_CONNECTION_S,
            poolSize=8,
        )
        self.stub.session = self
        self.content: Any = None

    def open(self) -> None:
        """Log in if that was not done yet."""
        with self._lock:
            if not self.logins:
                self._log_in()

    def log_in_again(self, seen: int) -> bool:
        """Log in once more, unless another thread has done so since the login number ``seen``; False within a login."""
        with self._lock:
            if self._logging_in or not seen:
                return False
            if self.logins == seen:
                log.info("vCenter %s has forgotten the session; logging in again", self.login.server)
                self._log_in()
            return True

    def _log_in(self) -> None:
        self._logging_in = True
        try:
            self.content = vim.ServiceInstance("ServiceInstance", self.stub).RetrieveContent()
            self.content.sessionManager.Login(self.login.username, self.login.password, None)
        finally:
            self._logging_in = False
        self.logins += 1

    def keep_alive(self) -> None:
        """A call that costs nothing, so that vCenter does not end the session."""
        if self.logins:
            vim.ServiceInstance("ServiceInstance", self.stub).CurrentTime()

    def close(self) -> None:
        """Log out; a vCenter that is away has nothing to forget."""
        with self._lock:
            logins, self.logins = self.logins, 0
            try:
                if logins:
                    self.content.sessionManager.Logout()
            except (*FAULTS, *TRANSPORT) as error:
                log.debug("vCenter %s: no logout: %s", self.login.server, error)
            finally:
                self.stub.DropConnections()


class SessionPool:
    """All sessions of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[tuple[Any, ...], Session] = {}
        self._keeper: tuple[int, threading.Thread] | None = None

    def get(self, login: Login) -> Session:
        """The session for ``login``, opened. A child process gets its own: two must not share one TLS connection."""
        with self._lock:
            session = self._sessions.get(login.key)
            if session is None:
                session = self._sessions[login.key] = Session(login)
            session.used_at = time.monotonic()
            self._have_keeper()
        session.open()
        return session

    def look_after(self) -> None:
        """Give up what nobody has used for long, and keep the rest alive."""
        pid, now = os.getpid(), time.monotonic()
        with self._lock:
            stale = [key for key, one in self._sessions.items() if key[0] != pid or now - one.used_at > UNUSED_S]
            ended = [self._sessions.pop(key) for key in stale if key[0] == pid or self._sessions.pop(key) is None]
            kept = list(self._sessions.values())
        for session in ended:
            session.close()
        for session in kept:
            try:
                session.keep_alive()
            except (*FAULTS, *TRANSPORT) as error:
                log.info("vCenter %s is not heard: %s", session.login.server, error)

    def close_all(self) -> None:
        with self._lock:
            mine = [one for key, one in self._sessions.items() if key[0] == os.getpid()]
            self._sessions.clear()
        for session in mine:
            session.close()

    def _have_keeper(self) -> None:
        """The thread that looks after sessions: one a process; a fork leaves it behind."""
        if self._keeper is not None and self._keeper[0] == os.getpid() and self._keeper[1].is_alive():
            return
        thread = threading.Thread(target=self._keep, name="vcenter-sessions", daemon=True)
        self._keeper = (os.getpid(), thread)
        thread.start()

    def _keep(self) -> None:
        while True:
            time.sleep(KEEP_ALIVE_S)
            self.look_after()


pool = SessionPool()
