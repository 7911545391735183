"""What settings classes say of themselves, to editors and to the reference pages."""

import json
from typing import Literal

import attrs
import pytest

from textback.config.schema import SettingDoc, deployment_schema, describe, json_schema
from textback.config.secrets import Secret
from textback.config.settings import Client, Deployment, setting
from textback.config.structure import setting_names
from textback.model import PhoneNumber


@attrs.frozen(kw_only=True)
class Acme:
    token: Secret = setting("Opens the door.")
    ring: tuple[PhoneNumber, ...] = setting("Who is rung.", default=())
    detect: Literal["dial", "status"] = setting("What tells of a call.", default="dial")
    settle_s: float = 8.0


def references_in(value):
    """All ``$ref`` anywhere in a schema."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            yield from references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references_in(inner)


@pytest.mark.parametrize("make", [json_schema, deployment_schema])
def test_a_schema_is_json_and_whole(make):
    """It can be written, and refers to nothing that isn't in it."""
    schema = json.loads(json.dumps(make({"acme": Acme})))

    assert set(references_in(schema)) == {"#/$defs/acme"}
    assert set(schema["$defs"]) == {"acme"}


def test_an_editor_knows_every_setting_of_a_client():
    """With its sentence; and nothing else."""
    properties = json_schema({"acme": Acme})["properties"]

    assert set(properties) == {*setting_names(Client), "extends"}
    assert not {"id", "file"} & set(properties)
    assert all(schema["description"] for schema in properties.values())
    assert properties["mode"]["enum"] == ["test", "shadow", "live"]
    assert properties["follow_up"]["items"]["required"] == ["after", "body"]
    assert set(deployment_schema({})["properties"]) == set(setting_names(Deployment))


def test_an_editor_knows_a_plugins_table():
    """Its own settings, and what every table may say."""
    table = json_schema({"acme": Acme})["$defs"]["acme"]

    assert table["additionalProperties"] is False
    assert set(table["properties"]) == {
        "token",
        "ring",
        "detect",
        "settle_s",
        "use",
        "roles",
        "was",
    }
    assert table["properties"]["detect"] == {
        "enum": ["dial", "status"],
        "description": "What tells of a call.",
    }
    assert {"type": "string"} in table["properties"]["token"]["anyOf"]


def test_a_plugin_that_is_left_out_is_no_table():
    """`acme = false` is allowed, and no condition on tables may apply to it."""
    plugins = json_schema({"acme": Acme})["properties"]["plugins"]

    for table in (plugins["properties"]["acme"], plugins["additionalProperties"]):
        assert {"const": False} in table["anyOf"]
        conditions = [table["if"]] if "if" in table else []
        conditions += [each["if"] for each in table["allOf"]]
        assert all(condition["type"] == "object" for condition in conditions)


def test_a_reference_page_has_type_and_default_in_words():
    """A default is written as in TOML; None means that the setting is required."""
    assert describe(Acme) == [
        SettingDoc("token", "secret", None, "Opens the door."),
        SettingDoc("ring", "list of phone numbers", "[]", "Who is rung."),
        SettingDoc("detect", 'one of "dial", "status"', '"dial"', "What tells of a call."),
        SettingDoc("settle_s", "number", "8.0", ""),
    ]


def test_every_setting_of_a_client_has_its_sentence():
    """And defaults read as one would write them."""
    docs = {doc.name: doc for doc in describe(Client)}

    assert all(doc.help.endswith(".") for doc in docs.values())
    assert docs["idle_after"].default == '"7d"'
    assert docs["name"].default is None
    assert docs["follow_up"].type == "tables"
