"""Discovery: what is wrong with a plugin is found before it can do harm, and kept for the operator."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cloudstack.framework.plugins.loader import Manifest, checked, discover, read_manifest, usable

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the manifest of a plugin; answers its path."""

    def write(name: str, text: str | None = None, *, kind: str = "features", extra: str = "") -> Path:
        folder = tmp_path / kind / name
        folder.mkdir(parents=True)
        default = f'[plugin]\nname = "{name}"\napp_config = "{name}.apps.Config"\n{extra}'
        (folder / "plugin.toml").write_text(default if text is None else text)
        return folder / "plugin.toml"

    return write


def errors(manifests: list[Manifest]) -> dict[str, str]:
    return {manifest.name: manifest.error for manifest in manifests if manifest.origin == "folder"}


def test_a_good_manifest(write: Write) -> None:
    facts = 'version = "1.2"\ndescription = "makes it"\nrequires = ["cups"]\ncore = ">=0.1"\n'
    manifest = read_manifest(write("coffee", extra=f"{facts}[plugin.default_settings]\nsugar = 2\n"))
    expected = Manifest("coffee", "coffee.apps.Config", "folder", "1.2", ("cups",), {"sugar": 2}, ">=0.1")
    assert manifest == replace(expected, kind="features", description="makes it")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[plugin", "Expected"),
        ("", "the manifest has no table [plugin]"),
        ('plugin = "coffee"', "the manifest has no table [plugin]"),
        ("[[plugin]]", "the manifest has no table [plugin]"),
        ('[plugin]\napp_config = "x"', "plugin.toml lacks 'name'"),
        ('[plugin]\nname = "tea"\napp_config = "x"', "the manifest says name = 'tea', the folder is 'coffee'"),
        ('[plugin]\nname = "coffee"', "plugin.toml lacks 'app_config'"),
        ('[plugin]\nname = "coffee"\napp_config = 5', "app_config must be a str, not 5"),
        ('[plugin]\nname = "coffee"\napp_config = "x"\nrequires = "cups"', "requires must be a list, not 'cups'"),
        ('[plugin]\nname = "coffee"\napp_config = "x"\ndefault_settings = 1', "default_settings must be a dict"),
        ('[plugin]\nname = "coffee"\napp_config = "x"\ncore = "new"', "core must be like '>=0.1,<2'"),
        ('[plugin]\nname = "coffee"\napp_config = "x"\ncore = ">=7"', "it is made for versions >=7 of the platform"),
    ],
)
def test_a_broken_manifest_says_what_is_wrong(write: Write, tmp_path: Path, text: str, words: str) -> None:
    write("coffee", text)
    write("cups")
    found = discover(tmp_path)
    assert words in errors(found)["coffee"]
    assert usable([m for m in found if m.origin == "folder"]) == ["cups.apps.Config"]


def test_a_manifest_that_is_no_text(write: Write) -> None:
    path = write("coffee")
    path.write_bytes(b"\xff\xfe\x00")
    assert read_manifest(path).error


def test_disabled_by_the_operator(write: Write, tmp_path: Path) -> None:
    write("coffee")
    write("spoon", extra='requires = ["coffee"]')
    assert errors(discover(tmp_path, disabled=["coffee", "nobody"])) == {
        "coffee": "disabled by the operator",
        "spoon": "needs plugin coffee, which is not there",
    }


def test_a_chain_breaks_with_its_first_link(write: Write, tmp_path: Path) -> None:
    write("a", "[plugin")
    write("b", extra='requires = ["a"]')
    write("c", extra='requires = ["b"]')
    write("d", extra='requires = ["nowhere"]')
    write("e")
    found = errors(discover(tmp_path))
    assert found["b"] == "needs plugin a, which is not there"
    assert found["c"] == "needs plugin b, which is not there"
    assert found["d"] == "needs plugin nowhere, which is not there"
    assert found["e"] == ""


def test_two_folders_with_one_name(write: Write, tmp_path: Path) -> None:
    write("coffee")
    write("coffee", kind="drinks")
    assert errors(discover(tmp_path)) == {"coffee": "two folders have this name"}


def installed(folder: Path, distribution: str, name: str, value: str) -> None:
    """What pip leaves of an installed package with one entry point."""
    info = folder / f"{distribution.replace('-', '_')}-2.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(f"[cloudstack.plugins]\n{name} = {value}\n")


def test_an_installed_package(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("coffee")
    site = tmp_path / "site"
    installed(site, "cs-tea", "tea", "cs_tea.apps:TeaConfig")
    installed(site, "cs-coffee", "coffee", "cs_coffee.apps:CoffeeConfig")
    installed(site, "cs-milk", "milk", "a.apps:A")
    installed(site, "cs-milk-too", "milk", "b.apps:B")
    monkeypatch.syspath_prepend(str(site))
    found = {manifest.name: manifest for manifest in discover(tmp_path)}
    assert found["tea"] == Manifest("tea", "cs_tea.apps.TeaConfig", "package", "2.5")
    assert found["coffee"].error == "is both a folder and an installed package"
    assert found["milk"].error == "two installed packages have this name"


def test_an_installed_package_can_be_disabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "cs-tea", "tea", "cs_tea.apps:TeaConfig")
    monkeypatch.syspath_prepend(str(tmp_path))
    [tea] = [manifest for manifest in discover(tmp_path, disabled=["tea"]) if manifest.name == "tea"]
    assert tea.error == "disabled by the operator"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Manifest]:
    """Write the package of a plugin with this ``apps.py``."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def app(name: str, source: str) -> Manifest:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "apps.py").write_text(source)
        return Manifest(name, f"{name}.apps.Config", "folder")

    return app


GOOD = "from cloudstack.plugin import PluginConfig\nclass Config(PluginConfig):\n    name = label = '{name}'\n"


def test_a_plugin_whose_app_can_be_made(app: Callable[[str, str], Manifest]) -> None:
    manifest = app("csgood", GOOD.format(name="csgood"))
    assert checked([manifest]) == [manifest]


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("csbad1", "import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("csbad2", "this is no Python", "SyntaxError"),
        ("csbad3", "class Other: pass", "ImportError"),
        ("csbad4", "raise RuntimeError('boom')", "RuntimeError: boom"),
        (
            "csbad5",
            "from django.apps import AppConfig\nclass Config(AppConfig):\n    name = 'csbad5'",
            "is no PluginConfig",
        ),
        ("csbad6", GOOD.format(name="csbad6") + "    label = 'jobs'\n", "its label is 'jobs'"),
    ],
)
def test_a_plugin_whose_app_cannot_be_made(
    app: Callable[[str, str], Manifest], name: str, source: str, words: str
) -> None:
    needs = Manifest("needy", "needy.apps.Config", "folder", requires=(name,))
    found = {manifest.name: manifest for manifest in checked([app(name, source), needs])}
    assert words in found[name].error
    assert found["needy"].error
    assert usable(found.values()) == []


PARTS = {
    "csmodels": {"models.py": "raise RuntimeError('no tables')", "admin.py": "import csmodels.models"},
    "csadmin": {"admin.py": "raise RuntimeError('no pages')"},
    "cshooks": {"hooks.py": "import nothing_like_it"},
    "csnohooks": {"hooks.py": None},
    "csold": {"apps.py": GOOD.format(name="csold") + "    api_version = 7\n"},
    "csspelt": {"hooks.py": "from cloudstack.plugin import hookimpl\n@hookimpl\ndef register_workflow(): return []\n"},
    "csargument": {"hooks.py": "from cloudstack.plugin import hookimpl\n@hookimpl\ndef job_finished(job): pass\n"},
    "csdoubled": {
        "hooks.py": "from cloudstack.plugin import hookimpl\n"
        "@hookimpl\ndef register_hypervisor_drivers(): return {'CoffeeMachine': object}\n"
        "@hookimpl\ndef register_storage_drivers(): return {('Simulator', 'Simulator'): object}\n"
    },
    "csflow": {
        "hooks.py": "from cloudstack.plugin import hookimpl\nfrom cloudstack.plugin.jobs import Workflow\n"
        "class Mine(Workflow):\n    name = 'csflow.cup.fill'\n"
        "class Theirs(Workflow):\n    name = 'compute.vm.start'\n"
        "@hookimpl\ndef register_workflows(): return [Mine, Theirs]\n"
    },
    "cstime": {
        "hooks.py": "from cloudstack.plugin import hookimpl\nfrom cloudstack.plugin.jobs import ScheduledJob\n"
        "def tick(): pass\n"
        "@hookimpl\ndef register_scheduled_jobs():\n"
        "    return [ScheduledJob('cstime.tick', 5, tick), ScheduledJob('jobs.sweep', 5, tick)]\n"
    },
    "cskey": {
        "hooks.py": "from cloudstack.plugin import hookimpl\nfrom cloudstack.plugin.settings import ConfigKey\n"
        "@hookimpl\ndef register_config_keys(): return [ConfigKey('expunge.delay', str, 'x', 'not theirs')]\n"
    },
    "csgood": {
        "hooks.py": "from cloudstack.plugin import hookimpl\n"
        "@hookimpl\ndef register_hypervisor_drivers(): return {'Teapot': object}\n"
    },
}
SETTINGS = """
from cloudstack.settings.test import *
from cloudstack.framework.plugins.loader import checked, discover, usable
from pathlib import Path
MORE = checked(discover(Path(__file__).parent / "plugins"))
MORE = [m for m in MORE if m.name.startswith("cs")]
PLUGINS = [*PLUGINS, *MORE]
INSTALLED_APPS = [*INSTALLED_APPS[:-1], *usable(MORE), INSTALLED_APPS[-1]]
"""
SCRIPT = """
import django, json
django.setup()
from cloudstack.framework import drivers
from cloudstack.framework.jobs import registry
from cloudstack.framework.plugins.manager import pm
from cloudstack.framework.scheduler import registry as scheduler
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
call_command("check", verbosity=0)
admin.site.urls
answer = Client().get("/healthz")
print(json.dumps({
    "statuses": {name: [s.enabled, s.error, s.hooks] for name, s in pm.statuses.items()},
    "hypervisors": drivers.hypervisor_types(),
    "storage": drivers.storage_types("Simulator"),
    "workflows": sorted(registry.names()),
    "scheduled": [job.name for job in scheduler.all_jobs()],
    "code": answer.status_code,
}))
"""


def test_the_portal_starts_whatever_is_wrong_with_plugins(tmp_path: Path) -> None:
    """All at once, in a process of its own: each is out of service with a reason, and the good one works."""
    import json
    import os

    for name, parts in PARTS.items():
        folder = tmp_path / "plugins" / "features" / name
        package = tmp_path / name
        folder.mkdir(parents=True)
        package.mkdir()
        (folder / "plugin.toml").write_text(f'[plugin]\nname = "{name}"\napp_config = "{name}.apps.Config"\n')
        files = {"__init__.py": "", "apps.py": GOOD.format(name=name) + "    api_version = 1\n", "hooks.py": ""} | parts
        for file, source in files.items():
            if source is not None:
                (package / file).write_text(source)
    (tmp_path / "guest_settings.py").write_text(SETTINGS)
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "guest_settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/guest.sqlite3",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).resolve().parents[3])]),
    }
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    reasons = {name: error for name, (enabled, error, _) in seen["statuses"].items() if not enabled}
    expected = {
        "csmodels": "models.py: RuntimeError: no tables",
        "csadmin": "admin.py: RuntimeError: no pages",
        "cshooks": "hooks.py: ModuleNotFoundError: No module named 'nothing_like_it'",
        "csnohooks": "has no hooks.py",
        "csold": "made for plugin interface 7; this portal has 1",
        "csspelt": "there is no hook register_workflow; the hooks are ",
        "csargument": "job",
        "csdoubled": "register_storage_drivers: ('Simulator', 'Simulator') is already given by simulator",
        "csflow": "register_workflows: the name 'compute.vm.start' must begin with 'csflow' and a dot",
        "cstime": "scheduled job jobs.sweep is declared twice",
        "cskey": "setting expunge.delay is declared twice",
    }
    assert {name: words for name, words in expected.items() if words not in reasons.get(name, "")} == {}
    assert seen["statuses"]["csgood"] == [True, "", ["register_hypervisor_drivers"]]
    assert "Teapot" in seen["hypervisors"]
    assert "CoffeeMachine" not in seen["hypervisors"], "a plugin that is out of service gives nothing"
    assert "Simulator" in seen["storage"]
    assert "csflow.cup.fill" not in seen["workflows"] and "compute.vm.start" in seen["workflows"]
    assert "cstime.tick" not in seen["scheduled"] and "jobs.sweep" in seen["scheduled"]
    assert seen["code"] in (200, 503), "the web answers"
