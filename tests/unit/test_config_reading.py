"""Does every value of a configuration have its variable, and is what cannot be read said?"""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.config import Config
from notifier.config_reading import load_config
from notifier.errors import ConfigError

SHOPS = """
[shops.my-shop]
name = "Mine"
public_key = "pk_mine"
[shops.Kettle]
name = "Kettle & Co"
public_key = "pk_kettle"
[shops.Kettle.sources."erp.stock"]
kind = "push"
"""


def read(folder: Path, text: str, **environ: str) -> Config:
    file = folder / "config.toml"
    file.write_text(text)
    return load_config(file, environ={f"NOTIFIER__{name}": said for name, said in environ.items()})


def test_a_section_is_known_by_its_name_in_capitals(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        SHOPS,
        SHOPS__MY_SHOP__NAME="Ours",
        SHOPS__KETTLE__LOCALE="de",
        SHOPS__KETTLE__SOURCES__ERP_STOCK__MAX_AGE="2d",
    )
    assert found.shops["my-shop"].name == "Ours"
    assert found.shops["Kettle"].locale == "de"
    assert found.shops["Kettle"].sources["erp.stock"].max_age.days == 2
    assert ("shops", "my-shop", "name") in found.from_environment
    assert list(found.shops) == ["my-shop", "Kettle"]


def test_where_two_could_be_meant_the_one_that_is_written_so_counts(tmp_path: Path) -> None:
    two = SHOPS + '[shops.my_shop]\nname = "Other"\npublic_key = "pk_other"\n'
    found = read(tmp_path, two, SHOPS__MY_SHOP__NAME="Changed")
    assert [shop.name for shop in found.shops.values()] == ["Mine", "Kettle & Co", "Changed"]


def test_a_secret_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(
        ConfigError, match=r"METRICS_TOKEN_FILE names .*token, which cannot be read"
    ):
        read(tmp_path, "", SERVICE__METRICS_TOKEN_FILE=str(tmp_path / "token"))


def test_a_section_that_is_set_as_a_value_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="service is a value, not a section"):
        read(tmp_path, "service = 1", SERVICE__LISTEN="127.0.0.1:8025")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path, environ={})
