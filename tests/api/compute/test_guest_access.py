"""User data, passwords and keys: what guests read at their first boot, and what is known of it afterwards."""

import base64
import email
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from django.apps import apps
from django.db import connection

from apps.compute.models import UserData, VirtualMachine
from apps.compute.selectors import vm_for_job
from apps.compute.specs import seed_spec
from apps.storage.models import Template
from cloudstack.contracts.hypervisor import SeedSpec
from cloudstack.testing.api import ApiError

from .conftest import NOBODY, Cloud


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def seed(cloud: Cloud, vm: dict[str, Any]) -> SeedSpec:
    return seed_spec(vm_for_job(uuid=vm["id"]))


def registered(cloud: Cloud, name: str = "setup", text: str = "#cloud-config\npackages: [nginx]\n", **more: Any) -> Any:
    return cloud.api.call("registerUserData", name=name, userdata=encoded(text), **more)["userdata"]


def stop(cloud: Cloud, vm: dict[str, Any]) -> None:
    cloud.run(cloud.api.call("stopVirtualMachine", id=vm["id"], forced=True))


@pytest.fixture
def with_passwords(cloud: Cloud) -> Cloud:
    Template.objects.update(password_enabled=True)
    return cloud


def test_user_data_is_kept_under_a_name(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    kept = registered(cloud, params="city, stage")
    assert (kept["name"], kept["account"], kept["params"]) == ("setup", "seller", "city,stage")
    [stored] = connection.cursor().execute("SELECT text FROM compute_userdata").fetchone()
    assert "nginx" not in stored and encoded("#cloud-config")[:12] not in stored
    [listed] = cloud.api.items("listUserData")
    assert listed == kept and base64.b64decode(listed["userdata"]).decode().startswith("#cloud-config")
    vm = cloud.machine(userdataid=kept["id"], **{"userdatadetails[0].city": "Bern"})
    assert (vm["userdataid"], vm["userdataname"]) == (kept["id"], "setup")
    assert json.loads(vm["userdatadetails"]) == {"city": "Bern"} and "userdata" not in vm
    assert seed(cloud, vm).user_data.startswith(b"#cloud-config") and seed(cloud, vm).variables == {"city": "Bern"}
    [shown] = cloud.api.items("listVirtualMachines", userdataid=kept["id"], userdata=True)
    assert shown["userdata"] == kept["userdata"]
    assert "userdata" not in cloud.api.items("listVirtualMachines")[0]
    error = refusal(cloud.api, "deleteUserData", id=kept["id"])
    assert "is that of machine" in error.text
    assert refusal(cloud.lawyer, "deleteUserData", id=kept["id"]).code == 431
    assert cloud.lawyer.items("listUserData", listall=True) == []
    cloud.run(cloud.admin.call("destroyVirtualMachine", id=vm["id"], expunge=True))
    assert cloud.api.call("deleteUserData", id=kept["id"]) == {"success": True}
    assert cloud.api.items("listUserData") == [] and not UserData.objects.exists()


@pytest.mark.parametrize(
    ("more", "parameter"),
    [
        ({"name": "setup"}, "name"),
        ({"userdata": "no base64!"}, "userdata"),
        ({"params": "a b"}, "params"),
        ({"userdata": base64.b64encode(bytes(40000)).decode()}, "userdata"),
    ],
)
def test_bad_user_data_is_refused_without_repeating_it(
    cloud: Cloud, refusal: Callable[..., ApiError], more: dict[str, str], parameter: str
) -> None:
    registered(cloud)
    error = refusal(cloud.api, "registerUserData", **{"name": "new", "userdata": encoded("x"), **more})
    assert error.code == 431 and parameter in error.text and "no base64!" not in error.text
    assert UserData.objects.count() == 1


def test_a_deployment_checks_its_user_data(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    kept = registered(cloud, params="city")
    theirs = cloud.lawyer.call("registerUserData", name="x", userdata=encoded("x"))["userdata"]
    needed = {
        "zoneid": cloud.zone.uuid, "templateid": cloud.template.uuid,
        "serviceofferingid": cloud.offering.uuid, "networkids": cloud.network.uuid,
    }  # fmt: skip
    for wrong, parameter in (
        ({"userdataid": theirs["id"]}, "userdataid"),
        ({"userdataid": NOBODY}, "userdataid"),
        ({"userdataid": kept["id"], "userdata": encoded("y")}, "userdataid"),
        ({"userdataid": kept["id"], "userdatadetails[0].town": "Bern"}, "userdatadetails"),
        ({"userdatadetails[0].city": "Bern"}, "userdatadetails"),
        ({"password": "geheim"}, "password"),
    ):
        error = refusal(cloud.api, "deployVirtualMachine", **needed, **wrong)
        assert error.code == 431 and parameter in error.text, error.text
    assert not VirtualMachine.all_objects.exists()


def test_a_template_brings_user_data_along(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    kept = cloud.admin.call("registerUserData", name="base", userdata=encoded("#cloud-config\nfqdn: a\n"))["userdata"]
    own = encoded("#!/bin/sh\necho hi\n")
    assert refusal(cloud.api, "linkUserDataToTemplate", templateid=cloud.template.uuid).code in (431, 531)

    def linked(policy: str) -> None:
        shown = cloud.admin.call(
            "linkUserDataToTemplate", templateid=cloud.template.uuid, userdataid=kept["id"], userdatapolicy=policy
        )["template"]
        assert (shown["userdataid"], shown["userdataname"], shown["userdatapolicy"]) == (kept["id"], "base", policy)

    linked("DENYOVERRIDE")
    with pytest.raises(ApiError, match="may not override"):
        cloud.deploy(userdata=own)
    bare = cloud.run(cloud.deploy(startvm=False))
    assert seed(cloud, bare).user_data == b"#cloud-config\nfqdn: a\n" and bare["userdatapolicy"] == "DENYOVERRIDE"
    linked("ALLOWOVERRIDE")
    assert seed(cloud, cloud.run(cloud.deploy(startvm=False, userdata=own))).user_data == base64.b64decode(own)
    linked("APPEND")
    message = email.message_from_bytes(seed(cloud, cloud.run(cloud.deploy(startvm=False, userdata=own))).user_data)
    parts = [(part.get_content_type(), part.get_payload(decode=True)) for part in message.get_payload()]
    assert parts == [
        ("text/cloud-config", b"#cloud-config\nfqdn: a\n"),
        ("text/x-shellscript", b"#!/bin/sh\necho hi\n"),
    ]
    assert "linked to template" in refusal(cloud.admin, "deleteUserData", id=kept["id"]).text
    gone = cloud.admin.call("linkUserDataToTemplate", templateid=cloud.template.uuid)["template"]
    assert "userdataid" not in gone
    assert seed(cloud, cloud.run(cloud.deploy(startvm=False))).user_data == b""


def test_a_password_is_shown_once_to_its_owner_and_encrypted_at_rest(with_passwords: Cloud) -> None:
    cloud = with_passwords
    answer = cloud.deploy()
    vm = cloud.run(answer)
    assert len(vm["password"]) == 12 and seed(cloud, vm).password == vm["password"]
    assert "password" not in cloud.api.items("listVirtualMachines")[0]
    again = cloud.api.call("queryAsyncJobResult", jobid=answer["jobid"])["jobresult"]["virtualmachine"]
    assert again["password"] == vm["password"]
    [job] = cloud.api.items("listAsyncJobs", listall=True)
    assert job["jobresult"]["virtualmachine"]["password"] == vm["password"]
    tables = [model._meta.db_table for model in apps.get_models()]
    for table in tables:
        for row in connection.cursor().execute(f"SELECT * FROM {table}").fetchall():
            assert vm["password"] not in str(row), table


def test_a_new_password_is_taken_at_the_next_start(with_passwords: Cloud, refusal: Callable[..., ApiError]) -> None:
    cloud = with_passwords
    vm = cloud.machine(password="Sesam,oeffne Dich")
    assert vm["password"] == "Sesam,oeffne Dich"
    before = seed(cloud, vm)
    assert "Running" in refusal(cloud.api, "resetPasswordForVirtualMachine", id=vm["id"]).text
    stop(cloud, vm)
    error = refusal(cloud.api, "resetPasswordForVirtualMachine", id=vm["id"], password="ab")
    assert error.code == 431 and "password" in error.text and "'ab'" not in error.text
    assert refusal(cloud.lawyer, "resetPasswordForVirtualMachine", id=vm["id"]).code == 431
    answer = cloud.api.call("resetPasswordForVirtualMachine", id=vm["id"])
    fresh = cloud.run(answer)
    after = seed(cloud, vm)
    assert fresh["password"] == after.password != vm["password"]
    assert after.instance_id != before.instance_id, "the guest sets itself up only under a new identity"
    chosen = cloud.run(cloud.api.call("resetPasswordForVirtualMachine", id=vm["id"], password="my own one"))
    assert chosen["password"] == "my own one" == seed(cloud, vm).password
    old = cloud.api.call("queryAsyncJobResult", jobid=answer["jobid"])["jobresult"]["virtualmachine"]
    assert "password" not in old, "an old job does not show a newer password"
    assert cloud.run(cloud.api.call("startVirtualMachine", id=vm["id"]))["state"] == "Running"


def test_machines_without_passwords_say_so(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    vm = cloud.run(cloud.deploy(startvm=False))
    assert "take no password" in refusal(cloud.api, "resetPasswordForVirtualMachine", id=vm["id"]).text
    assert "has no password" in refusal(cloud.api, "getVMPassword", id=vm["id"]).text
    assert seed(cloud, vm).password == ""


def test_keys_are_replaced_and_open_the_password(
    with_passwords: Cloud, tmp_path: Path, refusal: Callable[..., ApiError]
) -> None:
    cloud = with_passwords
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(key)], check=True)
    cloud.api.call("registerSSHKeyPair", name="rsa", publickey=key.with_suffix(".pub").read_text())
    cloud.api.call("createSSHKeyPair", name="ed")
    vm = cloud.machine(keypair="ed")
    assert "no RSA key" in refusal(cloud.api, "getVMPassword", id=vm["id"]).text
    stop(cloud, vm)
    identity = seed(cloud, vm).instance_id
    for wrong, words in (({}, "keypair"), ({"keypair": "other"}, "no key pair named 'other'")):
        error = refusal(cloud.api, "resetSSHKeyForVirtualMachine", id=vm["id"], **wrong)
        assert error.code == 431 and words in error.text
    fresh = cloud.run(cloud.api.call("resetSSHKeyForVirtualMachine", id=vm["id"], keypairs="rsa,ed"))
    assert fresh["keypairs"] == "rsa,ed" and len(seed(cloud, vm).public_keys) == 2
    assert seed(cloud, vm).instance_id != identity
    told = cloud.api.call("getVMPassword", id=vm["id"])["password"]["encryptedpassword"]
    private: Any = load_ssh_private_key(key.read_bytes(), None)
    assert private.decrypt(base64.b64decode(told), padding.PKCS1v15()).decode() == fresh["password"]
    assert refusal(cloud.lawyer, "getVMPassword", id=vm["id"]).code == 431


def test_user_data_of_a_stopped_machine_is_replaced(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    kept = registered(cloud, params="city")
    vm = cloud.machine()
    assert refusal(cloud.api, "resetUserDataForVirtualMachine", id=vm["id"], userdataid=kept["id"]).code == 431
    stop(cloud, vm)
    identity = seed(cloud, vm).instance_id
    assert refusal(cloud.lawyer, "resetUserDataForVirtualMachine", id=vm["id"], userdata=encoded("x")).code == 431
    shown = cloud.api.call(
        "resetUserDataForVirtualMachine", id=vm["id"], userdataid=kept["id"], **{"userdatadetails[0].city": "Bern"}
    )["virtualmachine"]
    assert shown["userdataname"] == "setup"
    assert seed(cloud, vm).variables == {"city": "Bern"} and seed(cloud, vm).instance_id != identity
    changed = cloud.api.call("updateVirtualMachine", id=vm["id"], userdata=encoded("plain"))["virtualmachine"]
    assert "userdataid" not in changed and seed(cloud, vm).user_data == b"plain"
