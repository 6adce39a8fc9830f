"""Discovery: what is wrong with a plugin is found before it can do harm, and kept for the operator."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cloudstack.framework.plugins.loader import checked, discover, labels_of, usable
from cloudstack.framework.plugins.manifest import Manifest, Need, read_manifest

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
    facts = 'version = "1.2"\ndescription = "makes it"\nrequires = ["cups>=1,<2"]\ncore = ">=0.1"\n'
    facts += 'kinds = ["storage"]\nrequired_settings = ["coffee.machine"]\n'
    manifest = read_manifest(write("coffee", extra=f"{facts}[plugin.default_settings]\nsugar = 2\n"))
    assert manifest == Manifest(
        "coffee",
        "coffee.apps.Config",
        "folder",
        "1.2",
        (Need("cups", "<2,>=1"),),
        {"sugar": 2},
        ">=0.1",
        kinds=("features", "storage"),
        description="makes it",
        required_settings=("coffee.machine",),
        place=manifest.place,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[plugin", "Expected"),
        ("", "the manifest has no table [plugin]"),
        ('plugin = "coffee"', "the manifest has no table [plugin]"),
        ("[[plugin]]", "the manifest has no table [plugin]"),
        ('[plugin]\napp_config = "x"', "plugin.toml lacks 'name'"),
        ('[plugin]\nname = "tea"\napp_config = "x"', "the manifest says name = 'tea', the folder is 'coffee'"),
        ('[plugin]\nname = "coffee"\nrequire = ["cups"]', "the manifest says 'require', which means nothing; it may"),
        ('[plugin]\nname = "coffee"\nrequires = ["cups>=one"]', "requires: 'cups>=one' must be like 'cups>=1,<2'"),
        ('[plugin]\nname = "coffee"\nrequires = ["cups[big]"]', "must be the name of a plugin and versions of it"),
        ('[plugin]\nname = "coffee"\nrequires = [5]', "requires must be a list of texts, not [5]"),
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
        "spoon": "needs plugin coffee, which is disabled",
    }


def test_a_chain_breaks_with_its_first_link(write: Write, tmp_path: Path) -> None:
    write("a", "[plugin")
    write("b", extra='requires = ["a"]')
    write("c", extra='requires = ["b"]')
    write("d", extra='requires = ["nowhere"]')
    write("e")
    found = errors(discover(tmp_path))
    assert found["b"].startswith("needs plugin a, which is broken: Expected")
    assert found["c"].startswith("needs plugin b, which is not usable: needs plugin a, which is broken: Expected")
    assert found["d"] == "needs plugin nowhere, which is not there"
    assert found["e"] == ""


def test_what_a_plugin_needs_is_loaded_before_it(write: Write, tmp_path: Path) -> None:
    write("a", extra='requires = ["c>=1"]')
    write("b")
    write("c", extra='version = "1.0.dev1"\nrequires = ["d"]')
    write("d")
    write("e", extra='version = "1.1"')
    write("f", extra='requires = ["e<1,>0", "b"]')
    write("g", extra='requires = ["b>=1"]')
    found = discover(tmp_path)
    assert errors(found) == {
        "d": "",
        "c": "",
        "a": "needs plugin c>=1; there is version 1.0.dev1 of it",
        "b": "",
        "e": "",
        "f": "needs plugin e<1,>0; there is version 1.1 of it",
        "g": "needs plugin b>=1; there is version unknown of it",
    }
    assert [manifest.name for manifest in found if manifest.name in "abcd"] == ["d", "c", "a", "b"]


def test_plugins_that_need_each_other_are_left_out_with_those_that_need_them(write: Write, tmp_path: Path) -> None:
    for name, needs in {"a": "b", "b": "c", "c": "b", "d": "d", "e": "f", "f": ""}.items():
        write(name, extra=f'requires = ["{needs}"]' if needs else "")
    found = errors(discover(tmp_path))
    assert found["b"] == found["c"] == "plugins need each other in a circle: b → c → b"
    assert found["d"] == "plugins need each other in a circle: d → d"
    assert found["a"].startswith("needs plugin b, which is broken: plugins need each other")
    assert [found["e"], found["f"]] == ["", ""]


def test_a_folder_outside_the_project(write: Write, tmp_path: Path) -> None:
    write("coffee")
    write("coffee", kind="../more/drinks")
    write("tea", kind="../more/drinks")
    found = discover(tmp_path, more=[tmp_path / "../more"])
    assert errors(found) == {"coffee": "two folders have this name", "tea": ""}


def test_no_plugin_takes_the_label_of_an_app_of_the_platform() -> None:
    from django.apps import apps
    from django.conf import settings

    from cloudstack.plugin import PluginConfig

    own = {config.label for config in apps.get_app_configs() if not isinstance(config, PluginConfig)}
    known = labels_of(settings.CORE_APPS)
    assert {label for label in own - known if not label.startswith("cloudstack_")} == set()
    [thief] = checked([Manifest("compute", "compute.apps.Config", "folder")], known)
    assert thief.error == "the platform has an app named 'compute' itself; choose another name"


def test_two_folders_with_one_name(write: Write, tmp_path: Path) -> None:
    write("coffee")
    write("coffee", kind="drinks")
    assert errors(discover(tmp_path)) == {"coffee": "two folders have this name"}


def installed(folder: Path, distribution: str, name: str, package: str, manifest: str | None = "") -> None:
    """What pip leaves of an installed package with one entry point; it can be found, and must not be imported."""
    info = folder / f"{distribution.replace('-', '_')}-2.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text(f"[cloudstack.plugins]\n{name} = {package}\n")
    if manifest is not None:
        place = folder.joinpath(*package.split("."))
        place.mkdir(parents=True)
        (place / "__init__.py").write_text("raise RuntimeError('imported')")
        (place / "plugin.toml").write_text(f'[plugin]\nname = "{name}"\n{manifest}')


def test_an_installed_package(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("coffee")
    site = tmp_path / "site"
    facts = 'kinds = ["drinks"]\nrequires = ["coffee"]\ncore = ">=0.1"\n[plugin.default_settings]\nsugar = 2\n'
    installed(site, "cs-tea", "tea", "cs_tea", facts)
    installed(site, "cs-deep", "deep", "cs_deep.below")
    installed(site, "cs-coffee", "coffee", "cs_coffee")
    installed(site, "cs-milk", "milk", "cs_milk")
    installed(site, "cs-milk-too", "milk", "cs_milk_too")
    installed(site, "cs-new", "new", "cs_new", 'core = ">=7"')
    installed(site, "cs-liar", "liar", "cs_liar", 'version = "3"')
    installed(site, "cs-bare", "bare", "cs_bare", None)
    monkeypatch.syspath_prepend(str(site))
    found = {manifest.name: manifest for manifest in discover(tmp_path)}
    assert found["coffee"].error == "is both a folder and an installed package"
    assert found["milk"].error == "two installed packages have this name"
    assert found["new"].error == "it is made for versions >=7 of the platform; this is 0.1.0"
    assert found["liar"].error == "the manifest says version = '3', the installed package is 2.5"
    assert found["bare"].error == "there is no package 'cs_bare'"
    assert (found["deep"].error, found["deep"].app_config) == ("", "cs_deep.below")
    assert found["tea"].error.startswith("needs plugin coffee, which is broken")
    assert replace(found["tea"], error="", fault=found["deep"].fault) == Manifest(
        "tea",
        "cs_tea",
        "package",
        "2.5",
        (Need("coffee"),),
        {"sugar": 2},
        ">=0.1",
        kinds=("drinks",),
        place="cs-tea",
    )


def test_an_installed_package_can_be_disabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "cs-tea", "tea", "cs_tea")
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
    needs = Manifest("needy", "needy.apps.Config", "folder", requires=(Need(name),))
    found = {manifest.name: manifest for manifest in checked([app(name, source), needs])}
    assert words in found[name].error
    assert found["needy"].error
    assert usable(found.values()) == []
