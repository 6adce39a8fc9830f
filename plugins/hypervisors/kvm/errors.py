"""libvirt's errors in the words of the driver contract."""

import libvirt

from cloudstack.contracts.errors import (
    DriverError,
    DriverTimeout,
    DriverUnavailable,
    InvalidSpec,
    NotFound,
    NotSupported,
)


def _codes(*names: str) -> frozenset[int]:
    """Error numbers by name; names that this libvirt does not know yet are left out."""
    return frozenset(getattr(libvirt, name) for name in names if hasattr(libvirt, name))


LOST = _codes(
    "VIR_ERR_NO_CONNECT",
    "VIR_ERR_INVALID_CONN",
    "VIR_ERR_RPC",
    "VIR_ERR_GNUTLS_ERROR",
    "VIR_ERR_SSH",
    "VIR_ERR_LIBSSH",
    "VIR_ERR_AUTH_FAILED",
    "VIR_ERR_AUTH_UNAVAILABLE",
    "VIR_ERR_AUTH_CANCELLED",
)
TIMED_OUT = _codes(
    "VIR_ERR_OPERATION_TIMEOUT",
    "VIR_ERR_AGENT_UNRESPONSIVE",
    "VIR_ERR_AGENT_UNSYNCED",
    "VIR_ERR_AGENT_COMMAND_TIMEOUT",
    "VIR_ERR_RESOURCE_BUSY",
)
ABSENT = _codes("VIR_ERR_NO_DOMAIN", "VIR_ERR_NO_STORAGE_VOL", "VIR_ERR_NO_STORAGE_POOL", "VIR_ERR_DEVICE_MISSING")
REFUSED = _codes(
    "VIR_ERR_XML_ERROR",
    "VIR_ERR_XML_DETAIL",
    "VIR_ERR_XML_INVALID_SCHEMA",
    "VIR_ERR_INVALID_ARG",
    "VIR_ERR_CONFIG_UNSUPPORTED",
    "VIR_ERR_CPU_INCOMPATIBLE",
    "VIR_ERR_OS_TYPE",
)
UNSUPPORTED = _codes("VIR_ERR_NO_SUPPORT", "VIR_ERR_OPERATION_UNSUPPORTED", "VIR_ERR_ARGUMENT_UNSUPPORTED")

NO_DOMAIN = libvirt.VIR_ERR_NO_DOMAIN
NO_POOL = libvirt.VIR_ERR_NO_STORAGE_POOL
NO_VOLUME = libvirt.VIR_ERR_NO_STORAGE_VOL
OPERATION_INVALID = libvirt.VIR_ERR_OPERATION_INVALID

# Where a failed system call means that the way to the host is broken, not that the host refused.
TRANSPORT = _codes("VIR_FROM_RPC", "VIR_FROM_REMOTE", "VIR_FROM_STREAMS", "VIR_FROM_SSH", "VIR_FROM_LIBSSH")


def lost_connection(error: libvirt.libvirtError) -> bool:
    """True when the error speaks of the connection and not of what was asked."""
    code, origin = error.get_error_code(), error.get_error_domain()
    if code in LOST:
        return True
    broken = _codes("VIR_ERR_SYSTEM_ERROR", "VIR_ERR_INTERNAL_ERROR")
    return code in broken and origin in TRANSPORT


def translate(error: libvirt.libvirtError, doing: str) -> DriverError:
    """The contract's error for one of libvirt, with what was being done and libvirt's own words."""
    code = error.get_error_code()
    message = f"{doing}: {error.get_error_message() or error}"
    if lost_connection(error):
        return DriverUnavailable(message)
    for codes, kind in ((TIMED_OUT, DriverTimeout), (ABSENT, NotFound), (REFUSED, InvalidSpec)):
        if code in codes:
            return kind(message)
    if code in UNSUPPORTED:
        return NotSupported(message)
    return DriverError(message, retryable=code in _codes("VIR_ERR_OPERATION_ABORTED", "VIR_ERR_NO_MEMORY"))
