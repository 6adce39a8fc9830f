"""SSH key pairs: made, registered, listed, deleted; a private key is shown once and kept nowhere."""

import logging
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.serializers import serialize

from apps.compute.models import SshKeyPair
from cloudstack.testing.api import ApiError

from .conftest import Cloud

PRIVATE_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----"


def keygen(folder: Path, kind: str = "ed25519", *options: str) -> Path:
    key = folder / f"key-{kind}"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-C", "a b", "-f", str(key)], check=True)
    return key


@pytest.mark.parametrize(("kind", "options"), [("ed25519", ()), ("rsa", ("-b", "2048")), ("ecdsa", ())])
def test_a_public_key_is_registered_with_its_fingerprint(
    cloud: Cloud, tmp_path: Path, kind: str, options: tuple[str, ...]
) -> None:
    public = keygen(tmp_path, kind, *options).with_suffix(".pub")
    line = public.read_text()
    pair = cloud.api.call("registerSSHKeyPair", name="mine", publickey=line)["keypair"]
    told = subprocess.run(
        ["ssh-keygen", "-l", "-E", "md5", "-f", str(public)], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert f"MD5:{pair['fingerprint']}" == told
    assert (pair["name"], pair["account"], pair["domain"]) == ("mine", "seller", "sales")
    vm = cloud.machine(keypair="mine")
    assert vm["keypairs"] == "mine"
    assert cloud.row(vm).public_keys == [line.strip()]


def test_a_private_key_is_shown_once_and_kept_nowhere(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = cloud.api.call("createSSHKeyPair", name="fresh")["keypair"]
    private: str = made["privatekey"]
    assert private.startswith(PRIVATE_BEGIN)
    file = tmp_path / "fresh"
    file.write_text(private)
    file.chmod(0o600)
    public = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True).stdout
    assert SshKeyPair.objects.get(name="fresh").public_key.split()[:2] == public.split()[:2]
    [listed] = cloud.api.items("listSSHKeyPairs")
    assert listed == {name: value for name, value in made.items() if name != "privatekey"}
    secret_lines = [line for line in private.splitlines() if line and "-----" not in line]
    everything = "\n".join(serialize("json", model.objects.all()) for model in apps.get_models())
    for line in secret_lines:
        assert line not in everything and line not in caplog.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing parameter publickey"),
        ("ssh-ed25519", "one line such as"),
        ("ssh-ed25519 !!!!", "one line such as"),
        ("ssh-ed25519 QUJD", "one line such as"),
        ("ssh-dss AAAAB3NzaC1kc3MAAACBAP", "one line such as"),
        ("hello world", "one line such as"),
        ("x" * 5121, "at most 5120"),
    ],
)
def test_what_is_no_public_key_is_refused(
    cloud: Cloud, refusal: Callable[..., ApiError], text: str, words: str
) -> None:
    error = refusal(cloud.api, "registerSSHKeyPair", name="bad", publickey=text)
    assert error.code == 431 and words in error.text, error.text
    assert not SshKeyPair.objects.exists()


def test_two_lines_or_a_private_key_are_refused_without_repeating_them(
    cloud: Cloud, refusal: Callable[..., ApiError], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = keygen(tmp_path)
    line = key.with_suffix(".pub").read_text().strip()
    assert refusal(cloud.api, "registerSSHKeyPair", name="two", publickey=f"{line}\n{line}").code == 431
    error = refusal(cloud.api, "registerSSHKeyPair", name="private", publickey=key.read_text())
    assert error.code == 431 and "public half only" in error.text
    secret = key.read_text().splitlines()[1]
    assert secret not in error.text and secret not in caplog.text
    assert not SshKeyPair.objects.exists()


def test_names_are_unique_in_an_account_and_free_again_after_deletion(
    cloud: Cloud, refusal: Callable[..., ApiError], tmp_path: Path
) -> None:
    line = keygen(tmp_path).with_suffix(".pub").read_text()
    for client in (cloud.api, cloud.lawyer):
        client.call("registerSSHKeyPair", name="mine", publickey=line)
    error = refusal(cloud.api, "registerSSHKeyPair", name="mine", publickey=line)
    assert error.code == 431 and "already" in error.text
    assert refusal(cloud.api, "createSSHKeyPair", name="mine").code == 431
    assert refusal(cloud.api, "createSSHKeyPair").code == 431
    vm = cloud.machine(keypair="mine")
    assert cloud.api.call("deleteSSHKeyPair", name="mine") == {"success": True}
    assert refusal(cloud.api, "deleteSSHKeyPair", name="mine").code == 431
    assert cloud.api.items("listVirtualMachines", id=vm["id"])[0]["keypairs"] == "mine"
    assert cloud.row(vm).public_keys == [line.strip()]
    cloud.api.call("registerSSHKeyPair", name="mine", publickey=line)
    assert len(cloud.lawyer.items("listSSHKeyPairs")) == 1


def test_a_name_with_a_comma_is_refused(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    """Names are told to clients as a comma list."""
    error = refusal(cloud.api, "createSSHKeyPair", name="a,b")
    assert error.code == 431 and "comma" in error.text


def test_lists_and_owners(cloud: Cloud, refusal: Callable[..., ApiError]) -> None:
    cloud.api.call("createSSHKeyPair", name="one")
    theirs = cloud.lawyer.call("createSSHKeyPair", name="two")["keypair"]
    owner: dict[str, Any] = {"account": "seller", "domainid": cloud.account.domain.uuid}
    cloud.sales_admin.call("createSSHKeyPair", name="three", **owner)

    def names(client: Any, **params: Any) -> set[str]:
        return {pair["name"] for pair in client.items("listSSHKeyPairs", **params)}

    assert names(cloud.api) == {"one", "three"} and names(cloud.api, name="one") == {"one"}
    assert names(cloud.api, keyword="thre") == {"three"}
    assert names(cloud.api, fingerprint=theirs["fingerprint"]) == set()
    assert names(cloud.sales_admin) == set() and names(cloud.sales_admin, listall=True) == {"one", "three"}
    assert names(cloud.admin, listall=True) == {"one", "two", "three"}
    assert names(cloud.admin, fingerprint=theirs["fingerprint"], listall=True) == {"two"}
    assert refusal(cloud.api, "deleteSSHKeyPair", name="two").code == 431
    stranger = {"account": "lawyer", "domainid": cloud.lawyer_account.domain.uuid}
    assert refusal(cloud.sales_admin, "deleteSSHKeyPair", name="two", **stranger).code == 431
    assert refusal(cloud.api, "createSSHKeyPair", name="x", **stranger).code == 431
    cloud.admin.call("deleteSSHKeyPair", name="two", **stranger)
    assert cloud.lawyer.call("listSSHKeyPairs") == {}
