"""Options of machines that operators keep for themselves."""

from collections.abc import Mapping

from apps.compute.config import DENIED_DETAILS, READ_ONLY_DETAILS
from apps.compute.models import VirtualMachine
from cloudstack.framework.configuration import ConfigKey
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied


def protected_details() -> list[str]:
    """Names of the details of a machine that only root admins set or change."""
    return list(dict.fromkeys([*_names(READ_ONLY_DETAILS), *_names(DENIED_DETAILS)]))


def keep_protected(vm: VirtualMachine, details: Mapping[str, str], *, caller: Caller) -> dict[str, str]:
    """What ``vm`` has when ``caller`` replaces its details: those that are not his to change stay as they are.

    Raises ``PermissionDenied`` when he names one of them with another value than it has.
    """
    if caller.is_root_admin:
        return dict(details)
    protected = {name.lower() for name in protected_details()}
    for name, value in details.items():
        if name.lower() in protected and vm.details.get(name) != value:
            raise PermissionDenied(f"details: {name} is for root admins to set or change", parameter="details")
    return {**details, **{name: value for name, value in vm.details.items() if name.lower() in protected}}


def _names(key: ConfigKey) -> list[str]:
    return [name.strip() for name in str(key.value()).split(",") if name.strip()]
