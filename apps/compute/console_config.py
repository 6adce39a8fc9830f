"""Operator settings of consoles."""

from cloudstack.framework.configuration import ConfigKey

TOKEN_VALIDITY_S = ConfigKey(
    "console.token.validity",
    int,
    60,
    minimum=5,
    maximum=3600,
    description="Seconds within which a console has to be opened after it was asked for; its token opens one only.",
    category="Console",
)
IDLE_MS = ConfigKey(
    "consoleproxy.session.timeout",
    int,
    900000,
    minimum=10000,
    description="Milliseconds without a key or a movement of the pointer after which a console is closed.",
    category="Console",
)
MOST_SESSIONS = ConfigKey(
    "consoleproxy.session.max",
    int,
    50,
    minimum=1,
    maximum=1000,
    description="Consoles that one process of the web server keeps open at most.",
    category="Console",
)
RETENTION_HOURS = ConfigKey(
    "console.session.cleanup.retention.hours",
    int,
    240,
    minimum=0,
    description="Hours that the record of a console session is kept after its end.",
    category="Console",
)
CLEANUP_INTERVAL_S = 180
"""How often sessions are looked through for those that nobody opened, that were lost, or that are old."""
CHECK_INTERVAL_S = 5
"""How often an open console is looked after: may its user still see it, does its machine still run there?"""
LOST_AFTER_S = 120
"""After so long without a look the server of an open console is taken for dead."""
