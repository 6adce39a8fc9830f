"""From any exception to what a caller may read of it."""

import logging

from django.core import exceptions as django_errors
from django.db import DataError, IntegrityError
from django.db.models import ProtectedError, RestrictedError
from django.http.request import RawPostDataException

from cloudstack.contracts.errors import DriverError
from cloudstack.framework.context import Caller, correlation_id
from cloudstack.framework.errors import (
    BadRequest,
    CloudError,
    InternalError,
    InvalidParameter,
    PermissionDenied,
    RequestTooLarge,
    ResourceInUse,
    ResourceUnavailable,
)

log = logging.getLogger("cloudstack.api")


def presentable(error: Exception, *, caller: Caller | None, command: str) -> CloudError:
    """The error as the caller may see it; what nobody foresaw is logged and hidden.

    Root admins read the kind and text of an unforeseen error, others only the id under which it was logged.
    """
    if isinstance(error, CloudError):
        return error
    known = _translated(error)
    if known is not None:
        return known
    log.error("request %s: %s failed", correlation_id(), command or "?", exc_info=error)
    text = f"Internal error executing command, please contact your administrator; request id {correlation_id()}"
    if caller is not None and caller.is_root_admin:
        text = f"{text}; {type(error).__name__}: {str(error)[:500]}"
    return InternalError(text)


def problem_of(error: CloudError) -> dict[str, str]:
    """The machine-readable part of an error: which parameter, what was sent for it, what would be right."""
    parts = {"parameter": error.parameter, "value": error.value, "remedy": error.remedy}
    return {name: text for name, text in parts.items() if text}


def _translated(error: Exception) -> CloudError | None:
    match error:
        case django_errors.ValidationError():
            return InvalidParameter(_validation_text(error))
        case django_errors.RequestDataTooBig() | django_errors.TooManyFieldsSent() | django_errors.TooManyFilesSent():
            return RequestTooLarge("The request is larger than the API reads")
        case django_errors.SuspiciousOperation() | RawPostDataException():
            return BadRequest("The request cannot be read")
        case django_errors.PermissionDenied():
            return PermissionDenied(str(error))
        case ProtectedError() | RestrictedError():
            return ResourceInUse("The object is still in use by others and cannot be removed")
        case IntegrityError():
            # The rule should have been checked in words before; the log says where.
            log.warning("request %s broke a rule of the database", correlation_id(), exc_info=error)
            return InvalidParameter(f"The values contradict each other or what is there already{_rule(error)}")
        case DataError():
            return InvalidParameter("A value is too large or too long to be stored")
        case DriverError():
            return ResourceUnavailable(str(error))
    return None


def _rule(error: IntegrityError) -> str:
    """The name of the broken rule. Not the database's whole text: that may hold the row."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if not name and "constraint failed: " in str(error):
        name = str(error).partition("constraint failed: ")[2]
    return f" (rule {name})" if name else ""


def _validation_text(error: django_errors.ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return "; ".join(error.messages)
    parts = []
    for field, messages in error.message_dict.items():
        text = " ".join(messages)
        parts.append(text if field == django_errors.NON_FIELD_ERRORS else f"{field}: {text}")
    return "; ".join(parts)
