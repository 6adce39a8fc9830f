"""The import contracts themselves are checked by lint-imports (bin/test); here: that they cover everything."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent.parent
# The agent's own layer is optional for import-linter, which writes that with parentheses.
SEPARATORS = str.maketrans(dict.fromkeys("():|", " "))


def contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {contract["id"]: contract for contract in settings["contracts"]}


def layer_names(contract: dict[str, Any]) -> set[str]:
    return {name for layer in contract["layers"] for name in layer.translate(SEPARATORS).split()}


def parts_of(folder: Path) -> set[str]:
    """Importable names directly in ``folder``."""
    packages = {path.name for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    return packages | {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def test_every_part_of_the_kernel_stands_in_a_layer() -> None:
    known = layer_names(contracts()["layers"])
    assert {f"cloudstack.{name}" for name in parts_of(REPO / "cloudstack")} - known == set()


def test_every_app_stands_in_the_order_of_apps() -> None:
    known = layer_names(contracts()["apps"])
    apps = {f"apps.{name}" for name in parts_of(REPO / "apps")}
    assert apps and apps - known == set()


def test_every_app_has_the_order_of_layers_inside() -> None:
    containers = set(contracts()["inside-an-app"]["containers"])
    apps = {f"apps.{path.name}" for path in (REPO / "apps").iterdir() if (path / "models").exists()}
    assert apps and apps - containers == set()


def test_every_plugin_lies_where_the_contracts_look() -> None:
    depths = {len(path.relative_to(REPO / "plugins").parts) for path in (REPO / "plugins").rglob("plugin.toml")}
    assert depths <= {3}, "a plugin lives in plugins/<kind>/<name>/"


def test_the_runtime_needs_no_django() -> None:
    """bin/run must be able to say what is wrong when Django cannot start."""
    modules = [f"cloudstack.runtime.{path.stem}" for path in (REPO / "cloudstack/runtime").glob("[a-z]*.py")]
    program = (
        f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\nsys.exit('django' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_contracts_agent_and_lab_start_without_django() -> None:
    """What import-linter reads from the source, once more by running it: Django is made impossible to import."""
    folders = [name for name in ("cloudstack/contracts", "cloudstack/agent", "lab") if (REPO / name).is_dir()]
    modules = [
        ".".join(path.relative_to(REPO).with_suffix("").parts)
        for folder in folders
        for path in (REPO / folder).rglob("[a-z]*.py")
        if "tests" not in path.parts
    ]
    program = f"import sys, importlib\nsys.modules['django'] = None\nfor m in {modules!r}: importlib.import_module(m)"
    answer = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=False)
    assert modules and answer.returncode == 0, answer.stderr
