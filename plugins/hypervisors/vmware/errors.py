"""vCenter's faults in the words of the driver contract, which carry vCenter's own."""

import ssl
from http.client import HTTPException
from typing import Any
from xml.parsers.expat import ExpatError

from pyVmomi import vim, vmodl

from cloudstack.contracts.errors import (
    DriverError,
    DriverTimeout,
    DriverUnavailable,
    InvalidSpec,
    NotFound,
    NotSupported,
)

FAULTS = (vmodl.MethodFault, vmodl.RuntimeFault)
TRANSPORT = (OSError, HTTPException, ExpatError)

KINDS: tuple[tuple[tuple[type, ...], type[DriverError]], ...] = (
    ((vmodl.fault.HostNotConnected, vmodl.fault.HostNotReachable, vim.fault.HostConnectFault), DriverUnavailable),
    ((vmodl.fault.HostCommunication, vim.fault.NoConnectedDatastore), DriverUnavailable),
    ((vim.fault.Timedout, vmodl.fault.RequestCanceled), DriverTimeout),
    ((vmodl.fault.ManagedObjectNotFound, vim.fault.FileNotFound, vim.fault.NotFound), NotFound),
    ((vmodl.fault.NotImplemented, vmodl.fault.NotSupported, vmodl.fault.MethodNotFound), NotSupported),
    ((vmodl.fault.InvalidArgument, vim.fault.InvalidVmConfig, vim.fault.VmConfigFault), InvalidSpec),
    ((vim.fault.InvalidName, vim.fault.InvalidDatastorePath, vim.fault.InvalidDatastore), InvalidSpec),
)
PASSING = (vim.fault.TaskInProgress, vim.fault.ConcurrentAccess, vim.fault.ResourceInUse, vim.fault.FileLocked)
"""What another moment may mend."""


def words_of(fault: Any) -> str:
    """All that a fault says, its type first: some say nothing else."""
    name = type(fault).__name__.rpartition(".")[2]
    said = [getattr(fault, "msg", None), getattr(fault, "localizedMessage", None), getattr(fault, "reason", None)]
    said += [message.message for message in getattr(fault, "faultMessage", None) or () if message.message]
    for attribute in ("invalidProperty", "property", "name", "file", "existingState"):
        value = getattr(fault, attribute, None)
        if value:
            said.append(f"{attribute} {value}")
    texts = list(dict.fromkeys(str(text).strip() for text in said if text and str(text).strip()))
    return f"{name}: {'; '.join(texts)}" if texts else name


def translate(error: BaseException, doing: str) -> DriverError:
    """The contract's error for what went wrong while ``doing``."""
    if isinstance(error, ssl.SSLError):
        # No other certificate comes of trying again; whoever stands in between must not be tried again either.
        return DriverUnavailable(f"{doing}: {_ssl_words(error)}", retryable=not _is_distrust(error))
    if isinstance(error, TimeoutError):
        return DriverTimeout(f"{doing}: vCenter did not answer in time")
    if isinstance(error, TRANSPORT):
        return DriverUnavailable(f"{doing}: vCenter cannot be reached: {error}")
    message = f"{doing}: vCenter says {words_of(error)}"
    if isinstance(error, vim.fault.InvalidLogin | vim.fault.NoPermission | vmodl.fault.SecurityError):
        # A password that was changed, a role that was taken: nothing of the machine is wrong.
        return DriverUnavailable(message, retryable=False)
    for faults, kind in KINDS:
        if isinstance(error, faults):
            return kind(message)
    return DriverError(message, retryable=isinstance(error, PASSING))


def _is_distrust(error: ssl.SSLError) -> bool:
    from plugins.hypervisors.vmware.trust import NotTrusted

    return isinstance(error, ssl.SSLCertVerificationError | NotTrusted)


def _ssl_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of vCenter is not trusted: {error.verify_message}; "
            "give the detail thumbprint, or ca_file with the authority that signed it"
        )
    return str(error.args[-1] if error.args else error)
