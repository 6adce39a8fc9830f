"""The seed carries what was given, whatever it is, where cloud-init looks for it."""

import io

import pycdlib
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudstack.contracts.errors import InvalidSpec
from cloudstack.contracts.hypervisor import SeedSpec
from plugins.hypervisors.kvm.seed import meta_data, seed_image, vendor_data


def read(image: bytes) -> tuple[str, dict[str, bytes]]:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    label = iso.pvd.volume_identifier.decode().strip()
    files = {}
    for child in iso.list_children(rr_path="/"):
        if child.is_file():
            content = io.BytesIO()
            iso.get_file_from_iso_fp(content, rr_path=f"/{child.rock_ridge.name().decode()}")
            files[child.rock_ridge.name().decode()] = content.getvalue()
    iso.close()
    return label, files


def test_label_and_files():
    seed = SeedSpec(instance_id="d3b1a6a2", hostname="web", user_data=b"#!/bin/sh\n", public_keys=("ssh-rsa AA me",))
    label, files = read(seed_image(seed))
    assert label == "cidata"
    assert set(files) == {"meta-data", "user-data", "vendor-data"}
    meta = yaml.safe_load(files["meta-data"])
    assert meta == {"instance-id": "d3b1a6a2", "local-hostname": "web", "public-keys": ["ssh-rsa AA me"]}
    assert files["vendor-data"] == b""


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=9000))
def test_user_data_arrives_to_the_last_byte(data):
    assert read(seed_image(SeedSpec(instance_id="i", hostname="h", user_data=data)))[1]["user-data"] == data


@given(password=st.text(min_size=1), key=st.text())
def test_password_and_keys_cannot_add_settings(password, key):
    seed = SeedSpec(instance_id="i", hostname="h", password=password, public_keys=(key,), variables={"city": key})
    vendor = yaml.safe_load(vendor_data(seed))
    assert vendor == {"password": password, "chpasswd": {"expire": False}, "ssh_pwauth": True}
    meta = yaml.safe_load(meta_data(seed))
    assert meta == {"instance-id": "i", "local-hostname": "h", "public-keys": [key.strip()], "city": key}


@pytest.mark.parametrize("word", ["yes", "no", "on", "null", "true", "1e5", "123", "web-1.example.org"])
def test_host_names_stay_text(word):
    assert yaml.safe_load(meta_data(SeedSpec(instance_id=word, hostname=word)))["local-hostname"] == word


@pytest.mark.parametrize("name", ["", "a b", "-a", "a\nb", "a_b", "x" * 64, "a..b", "ü"])
def test_a_name_that_is_no_host_name_is_refused(name):
    with pytest.raises(InvalidSpec):
        seed_image(SeedSpec(instance_id="i", hostname=name))


def test_secrets_do_not_show():
    seed = SeedSpec(instance_id="i", hostname="h", user_data=b"token=s3cret", password="hunter22")
    assert "s3cret" not in repr(seed)
    assert "hunter22" not in repr(seed)
