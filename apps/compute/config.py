"""Operator settings of compute."""

from cloudstack.framework.configuration import ConfigKey, Scope

EXPUNGE_DELAY = ConfigKey(
    "expunge.delay",
    int,
    86400,
    minimum=0,
    description="Seconds that a destroyed machine is kept before it is expunged.",
)
STOP_TIMEOUT = ConfigKey(
    "vm.stop.timeout",
    int,
    60,
    minimum=1,
    maximum=3600,
    scope=Scope.ZONE,
    description="Seconds that a guest has to power off by itself before its power is cut.",
)
MIGRATE_TIMEOUT = ConfigKey(
    "vm.migrate.timeout",
    int,
    300,
    minimum=10,
    maximum=86400,
    scope=Scope.ZONE,
    description="Seconds after which a live migration is given up; the machine stays where it was.",
)
USERDATA_MAX_LENGTH = ConfigKey(
    "vm.userdata.max.length",
    int,
    32768,
    minimum=0,
    maximum=1048576,
    description="Largest user data of a machine in bytes, before base64.",
)
PASSWORD_LENGTH = ConfigKey(
    "vm.password.length",
    int,
    12,
    minimum=6,
    maximum=128,
    description="Characters of a password that is made for a machine.",
)
USER_EXPUNGE = ConfigKey(
    "allow.user.expunge.recover.vm",
    bool,
    False,
    scope=Scope.ACCOUNT,
    description="Whether users may expunge and recover their machines themselves.",
)
READ_ONLY_DETAILS = ConfigKey(
    "user.vm.readonly.details",
    str,
    "dataDiskController, rootDiskController",
    description="Details of a machine, comma separated, that users see and do not change once it is there.",
)
DENIED_DETAILS = ConfigKey(
    "user.vm.denied.details",
    str,
    "rootdisksize, cpuOvercommitRatio, memoryOvercommitRatio",
    description="Details of a machine, comma separated, that users do not set once it is there.",
)
STATISTICS_RETENTION = ConfigKey(
    "vm.stats.max.retention.time",
    int,
    720,
    minimum=0,
    maximum=525600,
    description="Minutes that single figures of what machines used are kept, and not less than 15; 0 keeps only the "
    "latest, and machines have no charts.",
)
LEASE_ENABLED = ConfigKey(
    "instance.lease.enabled",
    bool,
    False,
    description="Whether machines can be given a lease, at whose end they are stopped or destroyed.",
)
LEASE_WARNING_DAYS = ConfigKey(
    "instance.lease.expiryevent.daysbefore",
    int,
    7,
    minimum=0,
    maximum=365,
    description="Days before the end of a lease from which on an event a day tells of it.",
)
LEASES_INTERVAL_S = 300
"""How often leases are looked through for those that are over."""
SCHEDULES_INTERVAL_S = 30
"""How often schedules are looked through for what is due; they count in minutes."""
STATISTICS_INTERVAL_S = 60
"""How often all hosts are asked what their machines use."""
POWER_SWEEP_INTERVAL_S = 60
"""How often all hosts are asked which machines run. Events tell most changes earlier."""
UNMANAGED_INTERVAL_S = 300
"""How often all hosts are asked for machines that are not managed."""
EXPUNGE_INTERVAL_S = 300
"""How often destroyed machines are looked through for those whose time is up."""
MAX_SECONDARY_ADDRESSES = ConfigKey(
    "vm.network.nic.max.secondary.ipaddresses",
    int,
    256,
    minimum=0,
    scope=Scope.ACCOUNT,
    description="Further addresses that one network card may have.",
    category="Network",
)
DRS_IMBALANCE = ConfigKey(
    "drs.imbalance",
    float,
    0.4,
    minimum=0,
    maximum=10,
    scope=Scope.CLUSTER,
    description="How unequal the hosts of a cluster may be (standard deviation of their shares over the mean) "
    "before moves are planned.",
    category="DRS",
)
DRS_MIGRATIONS = ConfigKey(
    "drs.vm.migrations",
    int,
    50,
    minimum=1,
    maximum=500,
    scope=Scope.CLUSTER,
    description="How many machines one plan moves at most.",
    category="DRS",
)
DRS_AT_ONCE = ConfigKey(
    "drs.migrations.at.once",
    int,
    4,
    minimum=1,
    maximum=100,
    description="How many moves of a plan are under way at a time.",
    category="DRS",
)
DRS_AUTOMATIC = ConfigKey(
    "drs.automatic.enable",
    bool,
    False,
    scope=Scope.CLUSTER,
    description="Whether the platform evens out the cluster by itself.",
    category="DRS",
)
DRS_INTERVAL = ConfigKey(
    "drs.automatic.interval",
    int,
    60,
    minimum=1,
    scope=Scope.CLUSTER,
    description="Minutes between two plans that the platform makes for a cluster by itself.",
    category="DRS",
)
PLACEMENTS_KEPT = ConfigKey(
    "vm.placement.records.kept",
    int,
    10,
    minimum=1,
    maximum=1000,
    description="Placements of a machine that stay on record, the newest; they tell why it is where it is.",
)
PLACEMENT_DAYS = ConfigKey(
    "vm.placement.records.days",
    int,
    90,
    minimum=1,
    maximum=36500,
    description="Days after which a placement is forgotten, however few a machine has.",
)
PLACEMENT_HOSTS = ConfigKey(
    "vm.placement.record.hosts",
    int,
    100,
    minimum=1,
    maximum=500,
    description="Hosts of which one record of a placement tells in detail; of the others it counts who refused them.",
)
