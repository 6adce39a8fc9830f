"""One tree of errors. Each class knows its API code (also the HTTP status) and CloudStack's ``cserrorcode``.

A message says what was wrong, with which parameter and value, and what would be right. Codes as in
CloudStack's wire protocol: 4xx are the caller's to mend, 53x say what the cloud could not do.
"""


class CloudError(Exception):
    """Anything the platform refuses or fails to do; the message is fit for the caller's eyes."""

    code = 530
    cs_code = 4250

    def __init__(
        self,
        message: str = "",
        *,
        parameter: str = "",
        uuids: tuple[tuple[str, str], ...] = (),
        value: str = "",
        remedy: str = "",
    ):
        super().__init__(message or self.__doc__ or type(self).__name__)
        self.parameter = parameter
        """Wire name of the parameter that is to blame, if one is."""
        self.value = value
        """What was sent for it, as messages may show it. The dispatcher adds it where it is left out."""
        self.remedy = remedy
        """What would be right. The dispatcher adds the parameter's own description where it is left out."""
        self.uuids = uuids
        """Pairs of (uuid, description) of the objects that the message speaks of."""

    @property
    def message(self) -> str:
        return str(self.args[0])


class BadRequest(CloudError):
    """The request is not one that the API understands."""

    code, cs_code = 400, 9999


class Unauthorized(CloudError):
    """Unable to verify user credentials and/or request signature."""

    code, cs_code = 401, 9999


class MethodNotAllowed(CloudError):
    """The request uses the wrong HTTP method."""

    code, cs_code = 405, 9999


class RequestTooLarge(CloudError):
    """The request is larger than the API reads."""

    code, cs_code = 413, 9999


class MalformedParameter(CloudError):
    """A parameter is written in a way that cannot be read."""

    code, cs_code = 430, 9999


class InvalidParameter(CloudError):
    """A parameter has a value that is not possible."""

    code, cs_code = 431, 4350


class UnsupportedCommand(CloudError):
    """The command does not exist or is not available for the caller."""

    code, cs_code = 432, 4555


class NotAccepting(CloudError):
    """This management server takes no more work."""

    code, cs_code = 503, 9999


class RequestLimitExceeded(CloudError):
    """Too many requests."""

    code, cs_code = 429, 4545

    def __init__(self, message: str = "", *, retry_after_s: int = 1):
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Whole seconds after which another try may succeed."""


class SecondFactorNeeded(CloudError):
    """The second factor of the user is not proved."""

    code, cs_code = 511, 4295


class InternalError(CloudError):
    """Something broke inside the platform."""

    code, cs_code = 530, 4250


class PermissionDenied(CloudError):
    """The caller may not do this."""

    code, cs_code = 531, 4365


class LimitExceeded(CloudError):
    """A resource limit of an account or domain is reached."""

    code, cs_code = 535, 4370


class InsufficientCapacity(CloudError):
    """No host, pool or address range has room."""

    code, cs_code = 533, 4325


class InsufficientAddressCapacity(InsufficientCapacity):
    """No address, or no network number, is left to give."""

    code, cs_code = 533, 4320


class ResourceUnavailable(CloudError):
    """An external system did not do its part."""

    code, cs_code = 534, 4380


class ResourceInUse(CloudError):
    """The object is in use and cannot be changed now."""

    code, cs_code = 536, 4375


class NetworkRuleConflict(CloudError):
    """A rule of a network stands in the way of another one."""

    code, cs_code = 537, 4360


class InvalidTransition(InvalidParameter):
    """The state machine does not allow this in the present state."""


class StaleState(CloudError):
    """Somebody else changed the object in the meantime."""

    code, cs_code = 536, 4300
