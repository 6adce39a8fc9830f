"""Which plugins are loaded: chosen in a file, by the environment, and what a running installation holds on to."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.factories import UserFactory, root_caller
from apps.accounts.selectors import caller_of
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse, ResourceUnavailable
from cloudstack.framework.events.models import Event
from cloudstack.framework.plugins import uses
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.framework.plugins.service import PluginChoiceManager
from cloudstack.runtime.plugin_choice import FILE, STARTED_VARIABLE, VARIABLE, changing, chosen, for_processes, in_force

REPO = Path(__file__).resolve().parent.parent.parent.parent


def choose(data: Path, *names: str) -> None:
    with changing(data) as chosen_names:
        chosen_names.clear()
        chosen_names.update(names)


def test_the_file_counts_unless_the_environment_speaks(tmp_path: Path) -> None:
    assert in_force({}, tmp_path).disabled == frozenset()
    choose(tmp_path, "kvm", "teapot")
    assert in_force({}, tmp_path).disabled == {"kvm", "teapot"}
    assert in_force({VARIABLE: ""}, tmp_path).disabled == {"kvm", "teapot"}
    won = in_force({VARIABLE: "simulator, tea", STARTED_VARIABLE: "teapot"}, tmp_path)
    assert (won.disabled, won.by_environment) == ({"simulator", "tea"}, True)
    # What bin/run started with holds for its processes, whatever is chosen meanwhile.
    told = for_processes({STARTED_VARIABLE: "of an older run"}, tmp_path)
    choose(tmp_path)
    assert in_force({STARTED_VARIABLE: told}, tmp_path).disabled == {"kvm", "teapot"}
    assert in_force({STARTED_VARIABLE: ""}, tmp_path).disabled == frozenset()


@pytest.mark.parametrize("text", ["{", "[]", '{"disabled": "kvm"}', '{"disabled": [1]}', "\xff"])
def test_a_broken_file_disables_nothing_and_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    found = chosen(tmp_path)
    assert found.disabled == frozenset() and f"{FILE} cannot be read" in found.error
    with changing(tmp_path) as names:
        names.add("kvm")
    assert chosen(tmp_path).disabled == {"kvm"}


def test_nothing_is_lost_when_many_choose_at_once(tmp_path: Path) -> None:
    def add(name: str) -> None:
        with changing(tmp_path) as names:
            names.add(name)

    threads = [threading.Thread(target=add, args=(f"p{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chosen(tmp_path).disabled == {f"p{number}" for number in range(20)}
    assert {path.name for path in tmp_path.iterdir()} == {FILE, f"{FILE}.lock"}
    assert json.loads((tmp_path / FILE).read_text())["disabled"] == sorted(chosen(tmp_path).disabled)


def test_who_fails_in_between_leaves_the_old_choice(tmp_path: Path) -> None:
    choose(tmp_path, "kvm")
    with pytest.raises(RuntimeError), changing(tmp_path) as names:
        names.add("teapot")
        raise RuntimeError
    assert chosen(tmp_path).disabled == {"kvm"}


def test_a_process_that_starts_loads_what_is_chosen(tmp_path: Path) -> None:
    choose(tmp_path, "simulator")
    code = "from django.conf import settings as s; print(*[m.name for m in s.PLUGINS if not m.error])"
    environment = {name: value for name, value in os.environ.items() if name not in (VARIABLE, STARTED_VARIABLE)}
    environment |= {"CLOUDSTACK_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "cloudstack.settings.base"}
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=REPO, env=environment, capture_output=True, text=True, check=True
    )
    assert "virtual_router" in answer.stdout.split() and "simulator" not in answer.stdout.split()


@pytest.fixture
def teapot(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A plugin in service, and a data folder of its own."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(uses, "_providers", [])
    monkeypatch.setitem(pm.statuses, "teapot", PluginStatus("teapot", hooks=["register_host_agents"]))
    return "teapot"


@pytest.mark.django_db
def test_the_manager_writes_choice_and_event(teapot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager, caller = PluginChoiceManager(), root_caller()
    manager.disable(caller=caller, name=teapot)
    assert chosen(tmp_path).disabled == {"teapot"}
    monkeypatch.setitem(pm.statuses, "spoon", PluginStatus("spoon", requires=("teapot",)))
    with pytest.raises(ResourceInUse, match="used by plugin spoon, which needs it; type its name"):
        manager.disable(caller=caller, name=teapot, typed="cofee")
    manager.enable(caller=caller, name=teapot)
    assert chosen(tmp_path).disabled == frozenset()
    manager.disable(caller=caller, name=teapot, typed="teapot")
    assert list(Event.objects.order_by("id").values_list("type", "resource_name", "description")) == [
        ("PLUGIN.DISABLE", "teapot", "plugin teapot is disabled from the next start on"),
        ("PLUGIN.ENABLE", "teapot", "plugin teapot is enabled from the next start on"),
        (
            "PLUGIN.DISABLE",
            "teapot",
            "plugin teapot is disabled from the next start on, although it is used by plugin spoon, which needs it",
        ),
    ]
    with pytest.raises(InvalidParameter, match="there is no plugin named 'tea'"):
        manager.disable(caller=caller, name="tea")
    with pytest.raises(PermissionDenied):
        manager.enable(caller=caller_of(UserFactory()), name=teapot)


@pytest.mark.django_db
def test_what_cannot_be_kept_is_not_told(teapot: str, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "gone"
    with pytest.raises(ResourceUnavailable, match=r"the choice cannot be kept in .*: No such file"):
        PluginChoiceManager().disable(caller=root_caller(), name=teapot)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_environment_wins_over_the_manager(teapot: str, settings: Any, tmp_path: Path) -> None:
    settings.PLUGIN_CHOICE = in_force({VARIABLE: "kvm"}, tmp_path)
    with pytest.raises(ResourceUnavailable, match=f"{VARIABLE} is set .* and it wins"):
        PluginChoiceManager().disable(caller=root_caller(), name=teapot)
    assert not (tmp_path / FILE).exists()
