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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SHOPS__KETTLE__ORIGINS", "https://kettle.example"),
        ("SHOPS__KETTLE__PUSH_SECRETS", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
        ("SERVICE__SECRET_KEYS", "k" * 40),
    ],
)
@pytest.mark.parametrize("by_file", [False, True])
def test_one_is_enough_where_several_may_stand(
    tmp_path: Path, name: str, said: str, by_file: bool
) -> None:
    if by_file:
        (tmp_path / "one").write_text(said + "\n")
    variable = {f"{name}_FILE": str(tmp_path / "one")} if by_file else {name: said}
    found = read(tmp_path, SHOPS, **variable)
    kettle = found.shops["Kettle"]
    assert said in (*kettle.origins, *kettle.push_secrets, *found.service.secret_keys)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[shops.Kettle.release]\nstrategy = "loud"',
            "shops.Kettle.release.strategy: should be 'adaptive', 'all', 'per_unit' or 'fixed', "
            "and is 'loud'",
        ),
        (
            "[limits]\nmax_active = -1",
            "limits.max_active: should be greater than or equal to 1, and is '-1'",
        ),
        ("[limits]\nmax_active = []", "limits.max_active: should be a valid integer"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, SHOPS + text)
    assert says in str(refused.value).splitlines()[1]


def test_a_secret_that_cannot_be_used_is_not_repeated(tmp_path: Path) -> None:
    key = '[shops.Kettle.keys.erp]\nsecret = "tooshort"\nscopes = ["*"]'
    with pytest.raises(ConfigError, match=r"shops\.Kettle\.keys\.erp\.secret") as refused:
        read(tmp_path, SHOPS + key)
    assert "tooshort" not in str(refused.value)
