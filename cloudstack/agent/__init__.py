"""The host agent: a Celery worker on a hypervisor host that carries out a fixed set of typed commands.

It knows neither Django nor the database. What it may be asked is in :mod:`cloudstack.contracts.agent`; it never runs
a command line that came over the wire.
"""

__version__ = "1.0"
