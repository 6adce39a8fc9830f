"""What ``manage.py doctor`` looks at."""

from cloudstack.framework.plugins.markers import hookspec


@hookspec
def register_doctor_checks():
    """Return a list of ``DoctorCheck`` objects: a name, and a function that answers with a ``Finding`` or a list of
    them. They are asked when an operator calls ``manage.py doctor``, perhaps while nothing else runs, and get ten
    seconds.
    """
