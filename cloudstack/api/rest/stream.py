"""``GET /api/v1/stream``: events and the progress of jobs as they happen, as server-sent events.

A stream reads the database once a second, within the caller's scope, and ends by itself after a while; clients come
back by themselves and say in ``Last-Event-ID`` where they were. What came in between is sent then. An event may be
sent twice, never left out: its ``id`` tells.
"""

import threading
import time
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from cloudstack.api import authentication, guard, registry
from cloudstack.api.addresses import client_address
from cloudstack.api.config import STREAM_LASTS_S, STREAMS_A_PROCESS
from cloudstack.api.dates import format_date
from cloudstack.api.entities import entity_for
from cloudstack.api.identifiers import BadValue, canonical_uuid
from cloudstack.api.rest.authentication import AUTHENTICATION, caller_behind
from cloudstack.api.rest.views import Answering
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, RequestLimitExceeded
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob

LOOK_EVERY_S = 1.0
ALIVE_EVERY_S = 15.0
"""So often something is sent even if nothing happens, so that both ends notice a connection that is gone."""
LATE = timedelta(seconds=15)
"""A transaction may take so long from writing an event to its commit: looked back so far at each look."""
MOST = 500
CHECK_EVERY_S = 5.0
"""So often it is asked whether the reader may still act, and what of: a stream outlives the request that opened it."""
TOPICS = {"events": "listEvents", "jobs": "listAsyncJobs"}
"""Topic → the command that shows the same: whoever may not call it is told nothing."""
MEDIA_TYPE = "text/event-stream"

_open = 0
_counting = threading.Lock()


class EventStreamRenderer(BaseRenderer):
    """Lets clients ask for the stream's media type; the stream itself is no rendered answer."""

    media_type = MEDIA_TYPE
    format = "stream"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return orjson.dumps(data, default=str)


class StreamView(Answering, APIView):
    """The stream. ``topics``: events, jobs or both, separated by a comma; ``job``: the UUID of one job to follow."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (JSONRenderer, EventStreamRenderer)
    schema = None
    http_method_names = ("get", "options")

    def get(self, request: Request) -> HttpResponseBase:
        caller = caller_behind(request)
        guard.admit(caller, client_address(request._request))
        topics = [part for part in request.query_params.get("topics", ",".join(TOPICS)).split(",") if part]
        unknown = sorted(set(topics) - set(TOPICS))
        if unknown or not topics:
            raise InvalidParameter(
                f"topics names {', '.join(unknown)[:80] or 'nothing'}",
                parameter="topics",
                remedy=f"name some of {', '.join(TOPICS)}",
            )
        job_uuid = request.query_params.get("job", "")
        if job_uuid:
            entity_for(AsyncJob).get(caller=caller, uuid=job_uuid, parameter="job")
        watch = Watch(caller, topics, job_uuid=job_uuid, last_id=request.headers.get("Last-Event-ID", ""))
        if not watch.readers:
            raise PermissionDenied(f"Your role allows none of {', '.join(TOPICS[topic] for topic in topics)}")
        response = StreamingHttpResponse(Stream(watch), content_type=MEDIA_TYPE)
        response["Cache-Control"] = "no-store"
        # nginx would collect the stream otherwise.
        response["X-Accel-Buffering"] = "no"
        return response


class Watch:
    """What one stream has told its reader already."""

    def __init__(self, caller: Caller, topics: list[str], *, job_uuid: str = "", last_id: str = ""):
        self.topics, self.job_uuid = topics, job_uuid
        self.readers = self._readers(caller)
        self.since, self.seen = self._beginning(last_id)
        self.jobs: dict[str, tuple[Any, ...]] = {}

    def _readers(self, caller: Caller) -> dict[str, Caller]:
        """Topic → the caller as its command would get him; without the topics that his role does not allow."""
        found = {}
        for topic in self.topics:
            command = registry.get("queryAsyncJobResult" if self.job_uuid else TOPICS[topic])
            if authentication.is_allowed(caller, command):
                found[topic] = authentication.acting(caller, command)
        return found

    def check(self) -> None:
        """Take the reader as he is now: shut out, or with another role or other projects than when he came."""
        user_id = next(iter(self.readers.values())).user_id
        caller = authentication.get().caller_by_user(user_id)
        self.readers = self._readers(caller) if caller is not None else {}

    def _beginning(self, last_id: str) -> tuple[datetime, dict[str, datetime]]:
        """From when on events count, and which are known of those that are as old as that."""
        now = timezone.now()
        if "events" not in self.readers:
            return now, {}
        try:
            uuid = canonical_uuid(last_id) if last_id else ""
        except BadValue:
            uuid = ""
        last = self._scope().filter(uuid=uuid).values_list("created", flat=True).first() if uuid else None
        if last is not None:
            return last - LATE, {uuid: last}
        recent = self._scope().filter(created__gte=now - LATE).order_by("-pk").values_list("uuid", "created")[:MOST]
        return now - LATE, {str(uuid): created for uuid, created in recent}

    def _scope(self) -> Any:
        return entity_for(Event).scope(caller=self.readers["events"], access=Access.USE)

    def news(self) -> Iterator[bytes]:
        """What has happened since the last look; two statements at most."""
        if "events" in self.readers and not self.job_uuid:
            yield from self._events()
        if "jobs" in self.readers:
            yield from self._jobs()

    def _events(self) -> Iterator[bytes]:
        fresh = self._scope().filter(created__gte=self.since).order_by("pk")
        columns = ("uuid", "type", "level", "state", "description", "resource_type", "resource_uuid", "job_uuid")
        for created, uuid, *values in fresh.values_list("created", *columns)[:MOST]:
            if str(uuid) in self.seen:
                continue
            self.seen[str(uuid)] = created
            body = dict(zip(columns, (uuid, *values), strict=True))
            yield message("event", {**body, "created": format_date(created)}, str(uuid))
        newest = max(self.seen.values(), default=self.since)
        self.since = max(self.since, newest - LATE)
        self.seen = {uuid: created for uuid, created in self.seen.items() if created >= self.since}

    def _jobs(self) -> Iterator[bytes]:
        jobs = entity_for(AsyncJob).scope(caller=self.readers["jobs"], access=Access.USE)
        if self.job_uuid:
            jobs = jobs.filter(uuid=self.job_uuid)
        else:
            jobs = jobs.filter(Q(completed__isnull=True) | Q(uuid__in=list(self.jobs)))
        columns = ("name", "description", "status", "progress", "progress_text", "resource_type", "resource_uuid")
        known = {}
        for uuid, completed, *values in jobs.order_by("-pk").values_list("uuid", "completed", *columns)[:MOST]:
            state = tuple(values)
            if completed is None or self.job_uuid:
                known[str(uuid)] = state
            if self.jobs.get(str(uuid)) != state:
                yield message("job", {"jobid": uuid, **dict(zip(columns, values, strict=True))})
        self.jobs = known

    @property
    def over(self) -> bool:
        """Whether nothing can follow: the one job that is followed has ended, or the reader may read nothing more."""
        if not self.readers:
            return True
        if not self.job_uuid:
            return False
        state = self.jobs.get(self.job_uuid)
        return state is None or state[2] not in AsyncJob.LIVE


def message(name: str, body: dict[str, Any], id_: str = "") -> bytes:
    """One server-sent event."""
    lines = [b"event: " + name.encode(), b"data: " + orjson.dumps(body, default=str)]
    if id_:
        lines.insert(0, b"id: " + id_.encode())
    return b"\n".join(lines) + b"\n\n"


class Stream:
    """The bytes of one stream. It has one of the places from its making until it is closed, read or not."""

    def __init__(self, watch: Watch):
        self._parts = _sent(watch)
        self._has_place = True
        _enter()

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        self._parts.close()
        if self._has_place:
            self._has_place = False
            _leave()


def _sent(watch: Watch) -> Generator[bytes, None, None]:
    """The stream's bytes, until its time is over or its reader has gone."""
    alive = checked = time.monotonic()
    ends = alive + float(STREAM_LASTS_S.value())
    yield b"retry: 1000\n\n"
    while time.monotonic() < ends:
        if time.monotonic() - checked > CHECK_EVERY_S:
            checked = time.monotonic()
            watch.check()
        for part in watch.news():
            alive = time.monotonic()
            yield part
        if watch.over:
            return
        if time.monotonic() - alive > ALIVE_EVERY_S:
            alive = time.monotonic()
            yield b": still here\n\n"
        if not connection.in_atomic_block:
            # A stream that waits holds no connection of a pool.
            connection.close_if_unusable_or_obsolete()
        time.sleep(LOOK_EVERY_S)


def has_room() -> bool:
    """Whether this process would serve one more stream."""
    return _open < int(STREAMS_A_PROCESS.value())


def _enter() -> None:
    """Take one of the places. Raises ``RequestLimitExceeded``: each stream keeps a thread of the web server busy."""
    global _open
    with _counting:
        if _open >= int(STREAMS_A_PROCESS.value()):
            raise RequestLimitExceeded(
                f"{_open} streams are open already; come back in 5 seconds, or ask queryAsyncJobResult", retry_after_s=5
            )
        _open += 1


def _leave() -> None:
    global _open
    with _counting:
        _open -= 1
