"""Names of commands in faults: our verbs, and the agent commands that existing test suites know them by."""

from plugins.hypervisors.simulator.faults import EVERYTHING, known_commands

ALIASES = {
    "startcommand": "start",
    "stopcommand": "stop",
    "rebootcommand": "reboot",
    "migratecommand": "migrate",
    "prepareformigrationcommand": "prepare_migration",
    "attachcommand": "attach_disk",
    "attachvolumecommand": "attach_disk",
    "dettachcommand": "detach_disk",
    "createobjectcommand": "create_volume",
    "createcommand": "create_volume",
    "deletecommand": "delete_volume",
    "destroycommand": "delete_volume",
    "resizevolumecommand": "resize_volume",
    "copycommand": "cache_template",
    "downloadcommand": "fetch",
    "plugniccommand": "attach_nic",
    "unplugniccommand": "detach_nic",
    "getvmstatscommand": "statistics",
    "gethoststatscommand": "host_facts",
    "readycommand": "host_facts",
    "pingcommand": "host_facts",
    "checkvirtualmachinecommand": "power_state",
    "createstoragepoolcommand": "connect",
    "modifystoragepoolcommand": "connect",
    "getstoragestatscommand": "facts",
}


def command_of(name: str) -> str | None:
    """Our word for a command, or None when nothing is called so."""
    import plugins.hypervisors.simulator.agent  # the modules that declare verbs
    import plugins.hypervisors.simulator.image_store
    import plugins.hypervisors.simulator.storage  # noqa: F401

    if name == EVERYTHING or name in known_commands:
        return name
    return ALIASES.get(name.lower())
