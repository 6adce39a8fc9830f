"""Sends requests and says what is wrong with their answers, with the log, and with the database afterwards."""

import hashlib
import logging
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from tests.support.malformed.requests import Sent

REST = "/api/v1/"
NOTED = {"accounts_apitoken"}
"""Tables in which each call is noted, also one that is refused: when a token was used last."""
UNFORESEEN = 530, 500
"""Codes that say that nobody foresaw it."""


class Judge(logging.Handler):
    """``send`` adds a sentence to ``faults`` for all that is wrong, and counts what was refused and what was done."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.http = Client(raise_request_exception=False)
        self.faults: list[str] = []
        self.refused = self.done = 0
        self.statuses: dict[int, int] = {}
        self._sent: set[str] = set()
        self._log: list[logging.LogRecord] = []
        self._tables = sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)})
        self._before = self._rows()
        self._content = self._fingerprint()

    def emit(self, record: logging.LogRecord) -> None:
        self._log.append(record)

    @contextmanager
    def listening(self) -> Iterator["Judge"]:
        """While it lasts the log is read."""
        logging.getLogger().addHandler(self)
        try:
            yield self
        finally:
            logging.getLogger().removeHandler(self)

    def send(self, sent: Sent) -> None:
        """One request, of which nothing stays; none that was sent before."""
        if (key := f"{sent.path}{sent.query}{sent.body!r}{sent.who}") in self._sent:
            return
        self._sent.add(key)
        self._log.clear()
        writes = self._writes()
        with transaction.atomic():
            response = self.http.generic(
                sent.method,
                sent.path,
                sent.body,
                sent.content_type or "application/octet-stream",
                headers=sent.headers,
                QUERY_STRING=sent.query,
            )
            refused = response.status_code >= 400
            wrong = [*self._of_answer(sent, response), *self._of_log()]
            if refused and not connection.needs_rollback:
                wrong += self._of_database(writes)
            transaction.set_rollback(True)
        self.refused += refused
        self.done += not refused
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        self.faults += [f"{sent}\n    {response.status_code}: {sentence}" for sentence in wrong]

    def _of_answer(self, sent: Sent, response: Any) -> Iterator[str]:
        status, content = response.status_code, getattr(response, "content", b"")
        if status in UNFORESEEN or b"Traceback" in content or b"Internal error" in content:
            yield f"not foreseen: {content[:400]!r}"
            return
        if status < 400:
            if sent.flawed:
                yield f"carried out: {content[:200]!r}"
            return
        try:
            problem = self._problem(sent, response)
        except (AssertionError, ValueError, KeyError, TypeError, ElementTree.ParseError) as error:
            yield f"not well-formed ({type(error).__name__} {error}): {content[:300]!r}"
            return
        text, parameter = problem
        if not text.strip():
            yield "says nothing"
        if len(text) > 3000:
            yield f"has {len(text)} characters"
        if sent.secret and sent.secret in content.decode("utf-8", "replace"):
            yield "repeats a secret"
        if sent.blame and sent.flawed and status in (400, 404, 430, 431, 531):
            blamed = {name.lower() for name in sent.blame}
            if not any(parameter.lower().startswith(name) for name in blamed):
                yield f"blames {parameter or 'nothing'} and not {' or '.join(sorted(blamed))}: {text[:300]}"

    def _problem(self, sent: Sent, response: Any) -> tuple[str, str]:
        """Text and parameter of a refusal. Raises something when it is not in the format that was asked for."""
        status, content = response.status_code, response.content
        if sent.path.startswith(REST):
            assert response["Content-Type"] == "application/problem+json", response["Content-Type"]
            body = orjson.loads(content)
            assert body["status"] == status
            assert body["requestid"] == response["X-Request-Id"]
            return body["detail"], body.get("parameter", "")
        if content.startswith(b"<?xml"):
            root = ElementTree.fromstring(content)
            assert root.findtext("errorcode") == str(status)
            return root.findtext("errortext") or "", root.findtext("problem/parameter") or ""
        [(envelope, body)] = orjson.loads(content).items()
        assert body["errorcode"] == status and isinstance(body["cserrorcode"], int)
        if status in (430, 431, 531):
            assert envelope == sent.command.envelope, envelope
        return body["errortext"], body.get("problem", {}).get("parameter", "")

    def _of_log(self) -> Iterator[str]:
        for record in self._log:
            if record.exc_info or (record.levelno >= logging.ERROR and record.name != "django.request"):
                detail = f"{record.exc_info[0].__name__}: {record.exc_info[1]}" if record.exc_info else ""
                yield f"logs {record.name}: {record.getMessage()[:300]} {detail[:300]}"

    def _of_database(self, writes: int | None) -> Iterator[str]:
        if writes is not None and writes == self._writes():
            return
        rows = self._rows()
        changed = {table: count - self._before[table] for table, count in rows.items() if count != self._before[table]}
        if changed:
            yield f"leaves rows: {changed}"
        elif writes is not None and (content := self._fingerprint()) != self._content:
            yield f"changes rows of {sorted(table for table in content if content[table] != self._content[table])}"

    def _rows(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"SELECT '{table}', COUNT(*) FROM \"{table}\"" for table in self._tables))
            return dict(cursor.fetchall())

    def _fingerprint(self) -> dict[str, str]:
        found = {}
        with connection.cursor() as cursor:
            for table in (table for table in self._tables if table not in NOTED):
                cursor.execute(f'SELECT * FROM "{table}"')
                found[table] = hashlib.md5(repr(sorted(map(repr, cursor.fetchall()))).encode()).hexdigest()
        return found

    def _writes(self) -> int | None:
        """How many rows this connection has ever written, were it undone or not; None where nobody counts."""
        if connection.vendor != "sqlite":
            return None
        connection.ensure_connection()
        return int(connection.connection.total_changes)
