"""The OpenAPI document and what REST really does, held against each other by schemathesis."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.accounts.factories import AccountFactory, ApiTokenFactory, UserFactory
from apps.accounts.services.role_rules import forget_rules
from tests.support.cloud import build_cloud

PARTS = 4
"""For as many processes at once; each reads the document anew, which takes longer than some operations."""
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "3"))
"""Requests an operation; more find more and take longer."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TOKEN = "cst_openapi"
UNTRIED = {"triggerShutdown", "prepareForShutdown", "prepareForMaintenance"}
"""Would end the trial for those after them."""


@pytest.fixture
def schema(db: None) -> Iterator[Any]:
    forget_rules()
    # The connection is that of the test's transaction: no request may close it.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    build_cloud(hosts=1, clusters=1)
    ApiTokenFactory(user=UserFactory(account=AccountFactory(root_admin=True)), text=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    yield schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", get_wsgi_application(), headers=headers)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(schema: Any, part: int) -> Iterator[Any]:
    for number, found in enumerate(schema.get_all_operations()):
        operation = found.ok()
        if number % PARTS == part and operation.definition.raw.get("operationId") not in UNTRIED:
            yield operation


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_rest_does_what_the_document_says(schema: Any, part: int) -> None:
    faults, tried = [], 0
    for operation in operations(schema, part):

        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def agrees(case: Any) -> None:
            # Invented tags of objects would have nearly every call end with 412.
            case.headers.pop("If-Match", None)
            response = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
            case.validate_response(response, checks=CHECKS)

        tried += 1
        try:
            agrees()
        except BaseException as fault:  # groups of failures are no exceptions of their own
            if isinstance(fault, KeyboardInterrupt):
                raise
            faults.append(f"{operation.label}: {describe(fault)}")
    assert tried > 10
    assert not faults, f"{len(faults)} of {tried}\n" + "\n".join(faults)


def describe(fault: BaseException) -> str:
    parts = getattr(fault, "exceptions", None)
    return (
        "; ".join(describe(one) for one in parts)
        if parts
        else " ".join(f"{type(fault).__name__} {fault}".split())[:600]
    )
