"""The promises of bin/run, each tried on a whole installation with real processes."""

import json
import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cs import CloudStackApiException
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cloudstack.runtime import processes, programs
from tests.integration.plugins import faults
from tests.integration.runtime.installation import REPO, Installation, http_status, wait_for
from tests.support.viewer import Viewer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("run"), pytest.mark.timeout(600)]

PATIENCE_S = 60
"""For a connection: the machine is shared with other tests."""
PROGRAMS = ["web", "worker", "beat", "flower", "valkey", *(["watcher"] if programs.has_watcher() else [])]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("run")
    # Every promise holds with plugins that do not.
    plugins = faults.write(folder / "plugins", "csgood", "cshooks", "csmigrate", "csthief")
    installation = Installation(folder / "data", CLOUDSTACK_PLUGINS_PATH=str(plugins))
    yield installation
    installation.destroy()


@pytest.fixture
def running(installation: Installation) -> Installation:
    """READY; started now if an earlier test has stopped it."""
    if not installation.is_up():
        installation.destroy()
        installation.start()
    return installation


@pytest.fixture
def stopped(installation: Installation) -> Installation:
    """Has run before and is stopped in order."""
    if installation.process is None:
        installation.start()
    if installation.is_up():
        installation.stop()
    installation.destroy()
    return installation


def test_ready_means_that_portal_and_worker_answer(running: Installation) -> None:
    assert running.healthy()
    assert running.worker_answers()


def test_broken_plugins_are_named_and_the_others_work(running: Installation) -> None:
    api = running.client()
    assert api.pourTea()["success"]
    with pytest.raises(CloudStackApiException, match="pourLoot"):
        api.pourLoot()
    assert "plugin csmigrate is left out of this start: migration 0001_initial: " in running.text()
    log = (running.data / "log" / "worker.log").read_text()
    assert "plugin cshooks is not loaded: hooks.py: ModuleNotFoundError" in log


def test_the_doctor_says_what_is_well_and_what_is_not(running: Installation) -> None:
    def examined() -> dict[str, list[tuple[bool, str]]]:
        done = subprocess.run(
            [REPO / "bin" / "run", "doctor", "--json"],
            env=running.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        found: dict[str, list[tuple[bool, str]]] = {}
        for line in json.loads(done.stdout.splitlines()[-1]):
            found.setdefault(line["check"], []).append((line["well"], line["text"]))
        return found

    wait_for(lambda: examined()["schedule"][0][0], 60, "a periodic job has run")
    found = examined()
    wrong = [text.partition(" is not loaded: ")[0] for well, text in found.pop("plugins") if not well]
    assert wrong == ["cshooks", "csmigrate", "csthief"]
    assert {name: told for name, told in found.items() if not told[0][0]} == {}
    assert {"database", "migrations", "cache", "broker", "workers", "clock"} < found.keys()
    assert running.healthy()


def test_every_program_runs(running: Installation) -> None:
    wait_for(lambda: all(running.main_pid(program) for program in PROGRAMS), 10, str(PROGRAMS))


def test_what_it_keeps_is_for_its_owner_only(running: Installation) -> None:
    private = ["db.sqlite3", "secrets", "log", "run", "secrets/secret_key", "secrets/flower_password"]
    modes = {name: stat.S_IMODE((running.data / name).stat().st_mode) & 0o077 for name in private}
    assert modes == dict.fromkeys(private, 0)


def test_no_secret_stands_in_a_log_or_in_the_output(running: Installation) -> None:
    secrets = [path.read_text().strip() for path in (running.data / "secrets").iterdir()]
    assert secrets
    texts = {path.name: path.read_text(errors="replace") for path in (running.data / "log").glob("*.log")}
    texts["output"] = running.text()
    assert [name for name, text in texts.items() if any(secret in text for secret in secrets)] == []


def test_no_secret_stands_on_a_command_line(running: Installation) -> None:
    secrets = [path.read_text().strip() for path in (running.data / "secrets").iterdir()]
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in processes.marked(running.data)]
    assert lines and not [line for line in lines if any(secret in line for secret in secrets)]


def test_flower_asks_for_a_password(running: Installation) -> None:
    url = f"http://127.0.0.1:{running.flower_port}{programs.FLOWER_PREFIX}/workers"
    wait_for(lambda: http_status(url), 15, "Flower answers")
    assert http_status(url) == 401
    assert http_status(url, "admin", (running.data / "secrets/flower_password").read_text().strip()) == 200


def test_consoles_are_served_at_the_portals_own_port(running: Installation) -> None:
    api = running.client()
    [zone] = api.listZones(fetch_list=True)
    [template, *_] = api.listTemplates(templatefilter="featured", zoneid=zone["id"], fetch_list=True)
    [offering, *_] = api.listServiceOfferings(fetch_list=True)
    wanted = {"zoneid": zone["id"], "templateid": template["id"], "serviceofferingid": offering["id"]}
    vm = api.deployVirtualMachine(**wanted, fetch_result=True)["virtualmachine"]
    made = api.createConsoleEndpoint(virtualmachineid=vm["id"])["consoleendpoint"]
    socket = made["websocket"]
    assert made["url"].endswith(f":{running.port}/console/{vm['id']}")
    url = f"ws://{socket['host']}:{socket['port']}/{socket['path']}"
    for words in ("hypervisor Simulator have no screen", "used already"):
        with connect(url, open_timeout=PATIENCE_S) as opened:
            viewer = Viewer(opened)
            assert words in viewer.refusal()
            assert viewer.closed()[0] == 4403
    unused = api.createConsoleEndpoint(virtualmachineid=vm["id"])["consoleendpoint"]["websocket"]["token"]
    with pytest.raises(InvalidStatus):
        address = f"{running.url.replace('http', 'ws')}/console/ws/{unused}"
        connect(address, origin="https://evil.example", open_timeout=PATIENCE_S).__enter__()
    logs = "".join(path.read_text(errors="replace") for path in (running.data / "log").glob("*.log"))
    assert "evil.example" in logs and unused not in logs and socket["token"] not in logs
    # Threads and event loop do not get into each other's way.
    waiting = [connect(url, open_timeout=PATIENCE_S).__enter__() for _ in range(40)]
    assert running.healthy() and api.listZones(fetch_list=True)
    running.stop()
    assert [Viewer(opened).closed()[0] for opened in waiting] == [1012] * 40


def test_a_second_one_on_the_same_data_is_refused(running: Installation) -> None:
    second = Installation(running.data)
    second.output = running.data.parent / "second.out"
    said = second.refused()
    assert "another bin/run" in said and "CLOUDSTACK_DATA" in said and "Traceback" not in said
    assert running.healthy()


def test_a_taken_port_is_said_clearly(running: Installation, tmp_path: Path) -> None:
    other = Installation(tmp_path / "other")
    other.environment["PORT"] = str(running.port)
    said = other.refused()
    assert f"port {running.port} on 127.0.0.1 is already in use" in said and "PORT" in said
    assert "Traceback" not in said and processes.marked(other.data) == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_killed_program_is_brought_back(running: Installation, program: str) -> None:
    wait_for(lambda: running.main_pid(program), 20, f"{program} runs")
    before = running.main_pid(program)
    family = set(running.pids(program))
    assert before
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: (running.main_pid(program) or before) != before, 30, f"{program} is back")
    wait_for(lambda: not family & set(running.pids(program)), 10, f"{program}'s own processes went with it")
    wait_for(running.healthy, 30, "the portal is healthy")
    wait_for(running.worker_answers, 30, "a worker answers")
    wait_for(lambda: f"{program} had died and is back" in running.text(), 10, "the launcher says so")


def test_a_killed_supervisor_is_brought_back_with_all_programs(running: Installation) -> None:
    [before] = running.pids("supervisord")
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: all(running.main_pid(program) for program in PROGRAMS), 60, "every program runs once")
    assert running.pids("supervisord") != [before]
    wait_for(running.healthy, 60, "the portal is healthy")
    wait_for(running.worker_answers, 60, "a worker answers")


def test_a_management_server_is_drained_and_shut_down_over_the_api(running: Installation) -> None:
    api = running.client()

    def server() -> dict[str, str]:
        [found] = api.listManagementServers()["managementserver"]
        return found

    def refused() -> bool:
        """Whether a job is refused. One that is not, because the web server has not heard of it yet, is not waited for:
        the worker may have heard, and does it after the next start."""
        try:
            api.updateNetworkServiceProvider(id=provider, state="Enabled")
        except CloudStackApiException as error:
            return error.error["errorcode"] == 503
        return False

    provider = api.listNetworkServiceProviders(fetch_list=True)[0]["id"]
    wait_for(lambda: server()["state"] == "Up", 20, "it is Up")
    name = server()["id"]
    api.prepareForShutdown(managementserverid=name)
    wait_for(refused, 30, "jobs are refused")
    assert running.healthy() and api.listZones(fetch_list=True), "what answers at once goes on"
    log = running.data / "log" / "worker.log"
    wait_for(lambda: "takes no more work" in log.read_text(), 10, "the worker lets go of its queues")

    def ready() -> bool:
        told = api.readyForShutdown(managementserverid=name)["managementserver"]
        return (told["state"], told["readyforshutdown"]) == ("ReadyToShutDown", True)

    wait_for(ready, 30, "it is ready")
    api.triggerShutdown(managementserverid=name)
    assert running.launcher.wait(timeout=40) == 0, running.text()
    nothing_is_left(running)
    running.start()
    wait_for(lambda: server()["state"] == "Up" and server()["id"] == name, 20, "it is Up again")
    assert api.updateNetworkServiceProvider(id=provider, state="Enabled", fetch_result=True)


def test_sigterm_stops_everything_in_time(running: Installation) -> None:
    seconds = running.stop(signal.SIGTERM)
    assert seconds < 15
    nothing_is_left(running)


def test_a_later_start_is_fast_and_keeps_the_secrets(stopped: Installation) -> None:
    key = (stopped.data / "secrets" / "secret_key").read_text()
    seconds = stopped.start()
    # The promise is 15 s on an idle machine; tests share theirs with other tests.
    assert seconds < 60, stopped.text()
    assert (stopped.data / "secrets" / "secret_key").read_text() == key


def test_ctrl_c_stops_everything_in_time(running: Installation) -> None:
    assert running.stop(signal.SIGINT) < 15
    nothing_is_left(running)


@pytest.mark.parametrize("moment", [0.3, 1.0, 3.0])
def test_ctrl_c_while_it_starts_leaves_nothing(stopped: Installation, moment: float) -> None:
    stopped.begin()
    time.sleep(moment)
    assert "READY" not in stopped.text(), "it was too fast for this test"
    os.killpg(stopped.launcher.pid, signal.SIGINT)
    status = stopped.launcher.wait(30)
    # Before the launcher has begun there is nothing to stop, and the process just ends by the signal.
    assert status == 0 or " s] " not in stopped.text(), (status, stopped.text())
    nothing_is_left(stopped)


def test_the_next_start_cleans_up_when_the_supervisor_could_not(running: Installation) -> None:
    [supervisor] = running.pids("supervisord")
    os.kill(supervisor, signal.SIGSTOP)  # it cannot take its children down, as if it hung
    running.launcher.kill()
    running.launcher.wait()
    assert processes.marked(running.data)
    running.start()
    assert "of an earlier run that was killed" in running.text()
    assert supervisor not in running.pids("supervisord") and running.healthy()


def test_when_the_launcher_is_killed_everything_else_ends(running: Installation) -> None:
    running.launcher.kill()
    running.launcher.wait()
    wait_for(lambda: not processes.marked(running.data), 20, "every process is gone")


def nothing_is_left(running: Installation) -> None:
    assert processes.marked(running.data) == []
    assert not running.valkey_socket().exists()
    assert [path.name for path in (running.data / "run").iterdir() if path.is_socket()] == []
    assert http_status(f"{running.url}/healthz") == 0
