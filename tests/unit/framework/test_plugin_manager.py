"""The plugin manager: what is wrong is refused as a whole, what fails is isolated and shown."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from cloudstack.contracts.hypervisor import HypervisorDriver
from cloudstack.contracts.storage import PrimaryStorageDriver
from cloudstack.framework import drivers
from cloudstack.framework.errors import ResourceUnavailable
from cloudstack.framework.plugins.manager import CloudPluginManager, pm
from cloudstack.plugin import hookimpl

Plugin = Callable[..., str]


def hooks(**functions: Callable[..., Any]) -> Any:
    """An object whose hooks are these functions."""
    for name, function in functions.items():
        function.__name__ = name
    return SimpleNamespace(**{name: hookimpl(function) for name, function in functions.items()})


def boom(*_: Any) -> Any:
    raise RuntimeError("boom")


def gives(value: Any) -> Callable[[], Any]:
    def give() -> Any:
        return value

    return give


def test_a_good_plugin_shows_its_hooks(plugin: Plugin) -> None:
    name = plugin(hooks(register_host_agents=gives({}), register_api_commands=gives([])))
    status = pm.statuses[name]
    assert (status.enabled, status.error) == (True, "")
    assert status.hooks == ["register_api_commands", "register_host_agents"]


def test_a_misspelt_hook_refuses_the_whole_plugin(plugin: Plugin) -> None:
    name = plugin(hooks(register_host_agent=gives({}), register_api_commands=gives([])))
    status = pm.statuses[name]
    assert not status.enabled
    assert status.error.startswith("there is no hook register_host_agent; the hooks are choose_host, event_published")
    assert not pm.has_plugin(name)
    assert [i for i in pm.hook.register_api_commands.get_hookimpls() if i.plugin_name == name] == []


def test_a_misspelt_hook_does_not_spoil_the_next_plugin(plugin: Plugin) -> None:
    plugin(hooks(register_host_agent=gives({})))
    good = plugin(hooks(register_host_agents=gives({})))
    assert pm.statuses[good].enabled


def test_a_wrong_argument_refuses_the_plugin(plugin: Plugin) -> None:
    def job_finished(job_uuid: str, colour: str) -> None: ...

    name = plugin(hooks(job_finished=job_finished))
    assert not pm.statuses[name].enabled
    assert "colour" in pm.statuses[name].error


def test_fewer_arguments_are_fine(plugin: Plugin) -> None:
    seen: list[str] = []

    def job_finished(status: str) -> None:
        seen.append(status)

    plugin(hooks(job_finished=job_finished))
    pm.tell("job_finished", job_uuid="1", workflow="a.b.c", status="failed")
    assert seen == ["failed"]


def test_wrappers_are_refused(plugin: Plugin) -> None:
    class Wrapper:
        @hookimpl(wrapper=True)
        def register_host_agents(self) -> Any:
            return (yield)

    name = plugin(Wrapper())
    assert pm.statuses[name].error == "register_host_agents is a wrapper; hooks are plain functions here"


def test_a_second_plugin_of_a_name_leaves_the_first_alone(plugin: Plugin) -> None:
    first = plugin(hooks(register_host_agents=gives({"Teapot": 1})), name="kettle")
    plugin(hooks(register_host_agents=gives({"Teapot": 2})), name="kettle")
    assert pm.statuses[first].enabled
    assert pm.merged("register_host_agents")["Teapot"] == 1


def test_a_doubled_driver_takes_the_later_plugin_out(plugin: Plugin) -> None:
    first = plugin(hooks(register_host_agents=gives({"Teapot": 1})))
    second = plugin(hooks(register_host_agents=gives({"Samovar": 2, "Teapot": 2})))
    merged = pm.merged("register_host_agents")
    assert merged["Teapot"] == 1 and "Samovar" not in merged
    assert pm.statuses[first].enabled
    assert pm.statuses[second].error == f"register_host_agents: 'Teapot' is already given by {first}"
    assert pm.statuses[second].hooks == []


@pytest.mark.parametrize("answer", [boom, gives(5), gives(["x"])])
def test_a_plugin_that_fails_is_taken_out_of_the_drivers(plugin: Plugin, answer: Callable[..., Any]) -> None:
    bad = plugin(hooks(register_host_agents=answer))
    good = plugin(hooks(register_host_agents=gives({"Teapot": 1})))
    assert pm.merged("register_host_agents")["Teapot"] == 1
    assert not pm.statuses[bad].enabled and pm.statuses[bad].error
    assert pm.statuses[good].enabled


def broken_off() -> Any:
    yield "first"
    raise RuntimeError("boom")


@pytest.mark.parametrize("answer", [boom, gives(5), broken_off])
def test_a_plugin_that_fails_is_taken_out_of_lists(plugin: Plugin, answer: Callable[..., Any]) -> None:
    bad = plugin(hooks(register_host_filters=answer))
    plugin(hooks(register_host_filters=gives(["good"])), name="good")
    plugin(hooks(register_host_filters=gives(None)), name="silent")
    assert pm.listed("register_host_filters") == ["good"]
    assert not pm.statuses[bad].enabled
    assert pm.statuses["silent"].enabled


def test_a_plugin_taken_out_half_way_leaves_nothing(plugin: Plugin) -> None:
    taken: list[Any] = []

    def add(name: str, thing: Any) -> None:
        if thing == "bad":
            raise ValueError("bad is bad")
        taken.append(thing)

    bad = plugin(hooks(register_workflows=gives(["one", "two", "bad"])))
    plugin(hooks(register_workflows=gives(["three"])))
    pm.take("register_workflows", add, taken.remove)
    assert [thing for thing in taken if isinstance(thing, str)] == ["three"]
    assert pm.statuses[bad].error == "register_workflows: ValueError: bad is bad"


def test_the_failure_of_one_listener_reaches_nobody(plugin: Plugin, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def listen(event: Any) -> None:
        heard.append(event)

    plugin(hooks(event_published=boom_event))
    plugin(hooks(event_published=listen))
    pm.tell("event_published", event="E")
    assert heard == ["E"]
    assert "guest1 failed in event_published" in caplog.text
    assert pm.statuses["guest1"].enabled, "one bad day does not end a plugin"


def boom_event(event: Any) -> None:
    raise RuntimeError("boom")


def test_a_driver_that_two_plugins_give_is_found_at_start(plugin: Plugin) -> None:
    """And what the later one gave elsewhere is gone too."""
    plugin(
        hooks(
            register_hypervisor_drivers=gives({"Teapot": HypervisorDriver}),
            register_storage_drivers=gives({("Kettle", "Pot"): PrimaryStorageDriver}),
        )
    )
    late = plugin(
        hooks(
            register_storage_drivers=gives({("Teapot", "Cup"): PrimaryStorageDriver}),
            register_hypervisor_drivers=gives({"Teapot": HypervisorDriver}),
        )
    )
    even_later = plugin(
        hooks(
            register_hypervisor_drivers=gives({"Urn": HypervisorDriver}),
            register_storage_drivers=gives({("Kettle", "Pot"): PrimaryStorageDriver}),
        )
    )
    drivers.collect()
    assert not pm.statuses[late].enabled and not pm.statuses[even_later].enabled
    assert "Teapot" in drivers.hypervisor_types() and "Urn" not in drivers.hypervisor_types()
    assert drivers.storage_types("Teapot") == []


def test_what_no_plugin_gives_is_answered_with_what_there_is() -> None:
    with pytest.raises(ResourceUnavailable, match=r"no plugin gives network element 'Nuage'; there are: .*VXLAN"):
        drivers.network_element("Nuage")


def test_the_operator_is_told(plugin: Plugin) -> None:
    from django.core import checks

    plugin(hooks(register_host_agent=gives({})), name="kettle")
    [message] = [one for one in checks.run_checks() if one.id == "cloudstack.W001" and "kettle" in one.msg]
    assert message.msg.startswith("plugin kettle is not loaded: there is no hook register_host_agent")
    assert message.hint


def test_each_manager_knows_all_specifications() -> None:
    fresh = CloudPluginManager()
    assert fresh._specified() == pm._specified()
    assert len(fresh._specified()) >= 15
