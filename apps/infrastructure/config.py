"""Operator settings of the infrastructure."""

from cloudstack.framework.configuration import ConfigKey, Scope

CPU_OVERPROVISIONING = ConfigKey(
    "cpu.overprovisioning.factor",
    float,
    1.0,
    scope=Scope.CLUSTER,
    minimum=0.1,
    maximum=64,
    description="How many MHz may be promised to machines for each MHz that a host has.",
    category="Capacity",
)
MEMORY_OVERPROVISIONING = ConfigKey(
    "mem.overprovisioning.factor",
    float,
    1.0,
    scope=Scope.CLUSTER,
    minimum=0.1,
    maximum=16,
    description="How much memory may be promised to machines for each MiB that a host has.",
    category="Capacity",
)
PING_INTERVAL = ConfigKey(
    "ping.interval",
    int,
    60,
    minimum=1,
    description="Seconds between two signs of life of a host.",
    category="Hosts",
)
PING_TIMEOUT = ConfigKey(
    "ping.timeout",
    float,
    2.5,
    minimum=1,
    description="How many ping intervals a host may be silent before it is asked and, without an answer, put on alert.",
    category="Hosts",
)
ALLOCATION_ALGORITHM = ConfigKey(
    "vm.allocation.algorithm",
    str,
    "random",
    choices=("random", "spread"),
    description="How equal hosts are ordered: random, or always the one with most free memory (spread).",
    category="Capacity",
)
EVACUATION_TIMEOUT = ConfigKey(
    "host.maintenance.timeout",
    int,
    3600,
    minimum=10,
    description="Seconds that machines have to leave a host that goes into maintenance.",
    category="Hosts",
)


def _notice(name: str, what: str) -> ConfigKey:
    return ConfigKey(
        name,
        float,
        0.75,
        scope=Scope.CLUSTER,
        minimum=0,
        maximum=1,
        description=f"Share of a cluster's {what} above which lists of metrics mark it.",
        category="Capacity",
    )


CPU_NOTIFICATION_THRESHOLD = _notice("cluster.cpu.capacity.notificationthreshold", "CPU that is really busy")
CPU_PROMISED_NOTIFICATION_THRESHOLD = _notice(
    "cluster.cpu.allocated.capacity.notificationthreshold", "CPU that is promised to machines"
)
MEMORY_NOTIFICATION_THRESHOLD = _notice("cluster.memory.capacity.notificationthreshold", "memory that is in use")
MEMORY_PROMISED_NOTIFICATION_THRESHOLD = _notice(
    "cluster.memory.allocated.capacity.notificationthreshold", "memory that is promised to machines"
)
DRS_METRIC = ConfigKey(
    "drs.metric",
    str,
    "memory",
    scope=Scope.CLUSTER,
    choices=("memory", "cpu"),
    description="By what hosts of a cluster are compared: the share of their memory or CPU that is promised.",
    category="DRS",
)
ROLLING_TIMEOUT = ConfigKey(
    "rolling.maintenance.stage.timeout",
    int,
    1800,
    minimum=10,
    description="Seconds that each stage of a rolling maintenance may take on a host: to be emptied, to answer again.",
    category="Hosts",
)
