"""What a driver may raise. The message carries the external system's own words."""


class DriverError(Exception):
    """A driver could not do what it was asked.

    ``retryable`` tells the job engine whether the same call may succeed a little later (a lost
    connection) or never will (a refused definition).
    """

    retryable = False

    def __init__(self, message: str, *, retryable: bool | None = None):
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable


class DriverUnavailable(DriverError):
    """The external system cannot be reached at the moment."""

    retryable = True


class DriverTimeout(DriverError):
    """The external system did not answer in time; whether it acted is unknown."""

    retryable = True


class InvalidSpec(DriverError):
    """The driver cannot do what the specification asks, and never will."""


class NotFound(DriverError):
    """The object named by the specification does not exist in the external system."""


class NotSupported(DriverError):
    """The driver has no such ability."""
