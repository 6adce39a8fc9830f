"""A vCenter as one verb of a driver uses it: finding things, reading properties, waiting for tasks."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyVmomi import vim, vmodl

from cloudstack.contracts.errors import DriverTimeout, InvalidSpec, NotFound
from cloudstack.contracts.host import HostRef
from plugins.hypervisors.vmware.errors import FAULTS, TRANSPORT, translate
from plugins.hypervisors.vmware.place import Place, place_of
from plugins.hypervisors.vmware.session import Login, Session, pool
from plugins.hypervisors.vmware.trust import Trust

PAGE = 500
"""Objects in one answer of the property collector."""
WAIT_S = 20
"""The longest that vCenter holds an answer back; shorter than the patience of the connection."""
TASK_TIMEOUT_S = 900.0

PC = vmodl.query.PropertyCollector


def login_of(url: str, details: Mapping[str, str], secrets: Mapping[str, str], *, of_host: bool = True) -> Login:
    """Raises ``InvalidSpec`` for an address that cannot be read or without a user."""
    place = place_of(url, of_host=of_host)
    if not secrets.get("username") or not secrets.get("password"):
        raise InvalidSpec(f"vCenter {place.server}: a username and a password are needed")
    return Login(place.server, place.port, secrets["username"], secrets["password"], Trust.from_details(details))


@contextmanager
def vcenter(host: HostRef, doing: str) -> Iterator["VCenter"]:
    """The vCenter of ``host``; whatever goes wrong inside becomes an error of the contract with vCenter's words."""
    with speaking(
        login_of(host.url, host.details, host.secrets), place_of(host.url), f"{host.name}: {doing}"
    ) as center:
        yield center


@contextmanager
def speaking(login: Login, place: Place, doing: str) -> Iterator["VCenter"]:
    """The same for a cluster, of which no host is known yet."""
    try:
        session = pool.get(login)
        try:
            yield VCenter(session, place)
        except vmodl.fault.ManagedObjectNotFound:
            session.known.clear()
            raise
    except (*FAULTS, *TRANSPORT) as error:
        raise translate(error, doing) from error


class VCenter:
    """One vCenter, looked at from one place in it."""

    def __init__(self, session: Session, place: Place):
        self.session = session
        self.place = place
        self.content = session.content

    # -- finding things --------------------------------------------------------------------------

    def find(self, path: str) -> Any:
        """What lies at an inventory path. Raises ``NotFound``."""
        known = self.session.known.get(path)
        if known is None:
            known = self.content.searchIndex.FindByInventoryPath(path)
            if known is None:
                raise NotFound(f"vCenter {self.place.server} has nothing at /{path}")
            self.session.known[path] = known
        return known

    def forget(self, path: str) -> None:
        """Look for what lies at ``path`` anew the next time."""
        self.session.known.pop(path, None)

    @property
    def datacenter(self) -> Any:
        return self.find(self.place.datacenter)

    @property
    def host(self) -> Any:
        return self.find(self.place.host_path)

    @property
    def cluster(self) -> Any:
        return self.find(self.place.cluster_path)

    def pool_of(self, host: Any) -> Any:
        """The resource pool of the cluster in which ``host`` is."""
        return self.once(("pool", host._moId), lambda: self.one(self.one(host, "parent"), "resourcePool"))

    @property
    def machines_folder(self) -> Any:
        return self.once(("vmFolder", self.place.datacenter), lambda: self.one(self.datacenter, "vmFolder"))

    def machine(self, uuid: str) -> Any:
        """The machine with this UUID, wherever it runs; None without one."""
        return self.content.searchIndex.FindByUuid(None, uuid, True, True)

    def once(self, key: Any, ask: Any) -> Any:
        """What ``ask()`` answers, asked once a session."""
        if key not in self.session.known:
            self.session.known[key] = ask()
        return self.session.known[key]

    # -- reading properties ----------------------------------------------------------------------

    def one(self, entity: Any, path: str) -> Any:
        """One property of one object; None when it is not set."""
        return self.read([entity], [path]).get(entity, {}).get(path)

    def read(self, entities: Iterable[Any], paths: list[str]) -> dict[Any, dict[str, Any]]:
        """Properties of objects of one type, in one call; objects that are gone meanwhile are left out."""
        entities = list(entities)
        if not entities:
            return {}
        kind = type(entities[0])
        spec = PC.FilterSpec(
            propSet=[PC.PropertySpec(type=kind, pathSet=paths)],
            objectSet=[PC.ObjectSpec(obj=one, skip=False) for one in entities],
            reportMissingObjectsInResults=True,
        )
        return self.collect(spec)

    def read_all(self, root: Any, kind: Any, paths: list[str]) -> dict[Any, dict[str, Any]]:
        """Properties of all objects of ``kind`` below ``root``."""
        view = self.content.viewManager.CreateContainerView(root, [kind], True)
        try:
            return self.collect(self.below(view, kind, paths))
        finally:
            view.Destroy()

    @staticmethod
    def below(view: Any, kind: Any, paths: list[str]) -> Any:
        """A filter for all objects of a container view."""
        step = PC.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
        return PC.FilterSpec(
            propSet=[PC.PropertySpec(type=kind, pathSet=paths)],
            objectSet=[PC.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        )

    def related(self, entity: Any, path: str, kind: Any, paths: list[str]) -> dict[Any, dict[str, Any]]:
        """Properties of the objects of ``kind`` that the property ``path`` of ``entity`` lists, in one call."""
        step = PC.TraversalSpec(name=path, type=type(entity), path=path, skip=False)
        spec = PC.FilterSpec(
            propSet=[PC.PropertySpec(type=kind, pathSet=paths)],
            objectSet=[PC.ObjectSpec(obj=entity, skip=True, selectSet=[step])],
        )
        return self.collect(spec)

    def collect(self, spec: Any) -> dict[Any, dict[str, Any]]:
        """All that a filter selects, page by page."""
        collector = self.content.propertyCollector
        before = self.session.logins
        answer = collector.RetrievePropertiesEx([spec], PC.RetrieveOptions(maxObjects=PAGE))
        if _unheard(answer) and self.session.log_in_again(before):
            answer = collector.RetrievePropertiesEx([spec], PC.RetrieveOptions(maxObjects=PAGE))
        found: dict[Any, dict[str, Any]] = {}
        while answer is not None:
            for item in answer.objects:
                found[item.obj] = {prop.name: prop.val for prop in item.propSet}
            if not answer.token:
                break
            answer = collector.ContinueRetrievePropertiesEx(answer.token)
        return found

    # -- tasks -----------------------------------------------------------------------------------

    def wait(self, task: Any, *, timeout_s: float = TASK_TIMEOUT_S) -> Any:
        """The result of a task when it has ended well. Raises its fault, or ``DriverTimeout``.

        vCenter tells the end by itself: nothing is polled.
        """
        deadline = time.monotonic() + timeout_s
        for seen in self.updates(
            PC.FilterSpec(
                propSet=[PC.PropertySpec(type=vim.Task, pathSet=["info.state", "info.error", "info.result"])],
                objectSet=[PC.ObjectSpec(obj=task)],
            )
        ):
            for changes in seen.values():
                if changes.get("info.state") == vim.TaskInfo.State.success:
                    return changes.get("info.result")
                if changes.get("info.state") == vim.TaskInfo.State.error:
                    raise changes["info.error"]
            if time.monotonic() > deadline:
                raise DriverTimeout(f"vCenter has not ended {task._moId} within {timeout_s:g} s")
        return None

    def updates(self, spec: Any, *, wait_s: int = WAIT_S) -> Iterator[dict[Any, dict[str, Any]]]:
        """What a filter selects, then each change of it: all that is known of the objects that changed.

        An empty answer says that nothing has happened for ``wait_s`` seconds. An object that is gone has
        no properties. Uses a collector of its own, so that nobody else's filters are in it.
        """
        collector = self.content.propertyCollector.CreatePropertyCollector()
        try:
            collector.CreateFilter(spec, False)
            known: dict[Any, dict[str, Any]] = {}
            version = ""
            while True:
                answer = collector.WaitForUpdatesEx(version, PC.WaitOptions(maxWaitSeconds=wait_s))
                changed: dict[Any, dict[str, Any]] = {}
                if answer is not None:
                    version = answer.version
                    for update in (one for filters in answer.filterSet for one in filters.objectSet):
                        changed[update.obj] = _applied(known, update)
                yield changed
        finally:
            try:
                collector.DestroyPropertyCollector()
            except (*FAULTS, *TRANSPORT):
                pass  # it ends with the session


def _unheard(answer: Any) -> bool:
    """Whether vCenter has forgotten the session: the collector says so of each property instead of at all."""
    missing = (one for item in answer.objects if not item.propSet for one in item.missingSet) if answer else ()
    return any(isinstance(one.fault.fault, vim.fault.NotAuthenticated) for one in missing)


def _applied(known: dict[Any, dict[str, Any]], update: Any) -> dict[str, Any]:
    """The properties of an object after ``update``."""
    if update.kind == PC.ObjectUpdate.Kind.leave:
        known.pop(update.obj, None)
        return {}
    facts = known.setdefault(update.obj, {})
    for change in update.changeSet:
        facts[change.name] = change.val if change.op in ("assign", "add") else None
    return facts
