"""Plugins with one fault each, written into a folder as their authors would leave them."""

from pathlib import Path

HEAD = "import time\nfrom cloudstack.plugin import hookimpl\n"
MODEL = (
    "from django.db import models\n"
    "class Cup(models.Model):\n"
    "    size = models.IntegerField(default=1)\n"
    "    host = models.ForeignKey('infrastructure.Host', models.CASCADE, related_name='{name}_cups')\n"
)
MIGRATION = (
    "from django.db import migrations, models\n"
    "class Migration(migrations.Migration):\n"
    "    initial = True\n"
    "    dependencies = {dependencies}\n"
    "    operations = {operations}\n"
)
CREATE_CUP = (
    "[migrations.CreateModel('Cup', [('id', models.BigAutoField(primary_key=True)), "
    "('size', models.IntegerField(default=1)), "
    "('host', models.ForeignKey('infrastructure.host', models.CASCADE, related_name='{name}_cups'))])]"
)
ON_HOSTS = "[('infrastructure', '0001_initial')]"


def command(name: str) -> str:
    return (
        "from cloudstack.plugin.api import BaseCmd\n"
        f"class {name}(BaseCmd):\n"
        f"    name = '{name[0].lower()}{name[1:]}'\n"
        "    def execute(self):\n        return 'poured'\n"
    )


def hook(name: str, body: str, arguments: str = "") -> str:
    return f"@hookimpl\ndef {name}({arguments}):\n    {body}\n"


PLUGINS: dict[str, dict[str, str | None]] = {
    "csgood": {
        "commands.py": command("PourTea"),
        "hooks.py": HEAD
        + hook("register_api_commands", "from plugins.guests.csgood import commands\n    return [commands.PourTea]"),
    },
    "csmanifest": {"plugin.toml": "[plugin"},
    "csapps": {"apps.py": "raise RuntimeError('no app')"},
    "csexit": {"apps.py": "import sys\nsys.exit(3)"},
    "csnewer": {"plugin.toml": '[plugin]\nname = "csnewer"\ncore = ">=99"\n'},
    "csneedy": {"plugin.toml": '[plugin]\nname = "csneedy"\nrequires = ["csapps"]\n'},
    "csmodels": {"models.py": "raise RuntimeError('no tables')", "admin.py": "import plugins.guests.csmodels.models"},
    "cslate": {"plugin.toml": '[plugin]\nname = "cslate"\nrequires = ["csmodels"]\n', "admin.py": "1 / 0"},
    "csadmin": {"admin.py": "raise RuntimeError('no pages')"},
    "cshooks": {"hooks.py": "import nothing_like_it"},
    "csquits": {"hooks.py": "raise SystemExit(1)"},
    "csnohooks": {"hooks.py": None},
    "csold": {"api_version": "7"},
    "csspelt": {"hooks.py": HEAD + hook("register_workflow", "return []")},
    "csargument": {"hooks.py": HEAD + hook("job_finished", "pass", "job")},
    "csdoubled": {
        "hooks.py": HEAD
        + "from cloudstack.contracts.hypervisor import HypervisorDriver\n"
        + "from cloudstack.contracts.storage import PrimaryStorageDriver\n"
        + hook("register_hypervisor_drivers", "return {'CoffeeMachine': HypervisorDriver}")
        + hook("register_storage_drivers", "return {('Simulator', 'Simulator'): PrimaryStorageDriver}")
    },
    "csflow": {
        "hooks.py": HEAD + "from cloudstack.plugin.jobs import Workflow\n"
        "class Mine(Workflow):\n    name = 'csflow.cup.fill'\n"
        "class Theirs(Workflow):\n    name = 'compute.vm.start'\n" + hook("register_workflows", "return [Mine, Theirs]")
    },
    "cstime": {
        "hooks.py": HEAD
        + "from cloudstack.plugin.jobs import ScheduledJob\ndef tick(): pass\n"
        + hook(
            "register_scheduled_jobs",
            "return [ScheduledJob('cstime.tick', 5, tick), ScheduledJob('jobs.sweep', 5, tick)]",
        )
    },
    "cskey": {
        "hooks.py": HEAD
        + "from cloudstack.plugin.settings import ConfigKey\n"
        + hook("register_config_keys", "return [ConfigKey('expunge.delay', str, 'x', 'not theirs')]")
    },
    # Its other gifts are gone, too: a driver, a job that is due, a page.
    "csthief": {
        "models.py": "from django.db import models\nclass Loot(models.Model):\n    pass\n",
        "migrations/0001_initial.py": MIGRATION.format(
            dependencies="[]",
            operations="[migrations.CreateModel('Loot', [('id', models.BigAutoField(primary_key=True))])]",
        ),
        "admin.py": "from django.contrib import admin\n"
        "from plugins.guests.csthief.models import Loot\nadmin.site.register(Loot)\n",
        "commands.py": command("PourLoot") + command("ListZones"),
        "hooks.py": HEAD
        + "from cloudstack.plugin.jobs import scheduled\n"
        + "@scheduled('csthief.tick', every_s=5)\ndef tick(): pass\n"
        + hook(
            "register_host_agents",
            "from cloudstack.contracts.agent import HostAgent\n    return {'Loot': HostAgent}",
        )
        + hook("register_scheduled_jobs", "return []")
        + hook(
            "register_api_commands",
            "from plugins.guests.csthief import commands\n    return [commands.PourLoot, commands.ListZones]",
        ),
    },
    "cslistens": {
        "hooks.py": HEAD
        + hook("event_published", "raise RuntimeError('deaf')", "event")
        + hook("override_config_value", "raise SystemExit(4)", "name")
    },
    "cssleeps": {"hooks.py": HEAD + hook("event_published", "time.sleep(30)", "event")},
    # What migrates badly.
    "csmigrate": {
        "models.py": MODEL.format(name="csmigrate"),
        "migrations/0001_initial.py": MIGRATION.format(
            dependencies=ON_HOSTS,
            operations=CREATE_CUP.format(name="csmigrate") + " + [migrations.RunSQL('SELECT no_such_thing')]",
        ),
    },
    "csafter": {"plugin.toml": '[plugin]\nname = "csafter"\nrequires = ["csmigrate"]\n'},
    "csgraph": {
        "migrations/0001_initial.py": MIGRATION.format(dependencies="[('compute', '9999_never')]", operations="[]")
    },
    "cssyntax": {"migrations/0001_initial.py": "this is no Python"},
    "csclash": {
        "models.py": MODEL.format(name="csclash").replace("csclash_cups", "cluster"),
        "migrations/0001_initial.py": MIGRATION.format(
            dependencies=ON_HOSTS, operations=CREATE_CUP.format(name="csclash")
        ),
    },
}

REASONS = {
    "csmanifest": "Expected ']'",
    "csapps": "plugins.guests.csapps: RuntimeError: no app",
    "csexit": "plugins.guests.csexit: SystemExit: 3",
    "csnewer": "it is made for versions >=99 of the platform; this is ",
    "csneedy": "needs plugin csapps, which is broken: plugins.guests.csapps: RuntimeError: no app",
    "csmodels": "models.py: RuntimeError: no tables",
    "cslate": "needs plugin csmodels, which is broken: models.py: RuntimeError: no tables",
    "csadmin": "admin.py: RuntimeError: no pages",
    "cshooks": "hooks.py: ModuleNotFoundError: No module named 'nothing_like_it'",
    "csquits": "hooks.py: SystemExit: 1",
    "csnohooks": "has no hooks.py",
    "csold": "made for plugin interface 7; this portal has 1",
    "csspelt": "there is no hook register_workflow; the hooks are ",
    "csargument": "job",
    "csdoubled": "register_storage_drivers: ('Simulator', 'Simulator') is already given by simulator",
    "csflow": "register_workflows: the name 'compute.vm.start' must begin with 'csflow' and a dot",
    "cstime": "scheduled job jobs.sweep is declared twice",
    "cskey": "setting expunge.delay is declared twice",
    "csthief": "the command listZones is declared by apps.infrastructure",
    "csmigrate": "migration 0001_initial: OperationalError: no such column: no_such_thing",
    "csafter": "needs plugin csmigrate, whose tables are not up to date",
    "csgraph": "migrations: NodeNotFoundError: ",
    "cssyntax": "migrations: SyntaxError: ",
    "csclash": "clashes with",
}
"""Words of what the operator is told; plugins that are not here are in service."""


def write(folder: Path, *names: str) -> Path:
    """Write the plugins ``names`` (all, if none is named); answers ``folder``."""
    for name in names or PLUGINS:
        write_plugin(folder, name, PLUGINS[name])
    return folder


def write_plugin(folder: Path, name: str, parts: dict[str, str | None]) -> None:
    """Write one of the kind ``guests``: ``parts`` beside or instead of the files that every plugin has."""
    files = {
        "__init__.py": "",
        "plugin.toml": f'[plugin]\nname = "{name}"\nversion = "1.0"\n',
        "apps.py": "from cloudstack.plugin import PluginConfig\nclass Config(PluginConfig):\n"
        f"    name = 'plugins.guests.{name}'\n    label = '{name}'\n"
        f"    api_version = {parts.get('api_version') or 1}\n",
        "hooks.py": "",
        **{file: text for file, text in parts.items() if file != "api_version"},
    }
    if any(file.startswith("migrations/") for file in parts):
        files["migrations/__init__.py"] = ""
    for file, text in files.items():
        if text is not None:
            path = folder / "guests" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
