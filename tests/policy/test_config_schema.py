"""The JSON Schema of deliv.toml and its reader: what one accepts the other accepts, as far as a schema can say it."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from deliverability.checks._thresholds import BANDS, BY_PROVIDER, BY_STREAM, THRESHOLDS
from deliverability.findings import Role
from deliverability.policy.model import Need, OnUnknown
from deliverability.policy.read import BadConfig, policy_of
from deliverability.policy.reader import MAX_TEXT
from deliverability.policy.sections import SEVERITIES
from deliverability.policy.tables import tables_of
from support.policies import waived

SCHEMA: dict[str, Any] = json.loads((files("deliverability") / "schemas" / "config.json").read_text(encoding="utf-8"))

WAIVER = waived("spf-*", until="2026-12-31")

ACCEPTED = [
    "",
    'fail-on = "low"\non-unknown = "pass"\nrequire = ["snds", "sender-hub"]',
    '[checks]\n"spf-*" = "off"\nspf-loop = "critical"',
    '[domains."b.example"]\nowner = "o"\nrole = "parked"\nsenders = ["192.0.2.1"]\nhelo = "b"',
    WAIVER,
    WAIVER.replace("2026-12-31", '"2026-12-31"'),
    "[thresholds.bounce-rate]\nwarn = 0.01\nfail = 1\nminimum = 1\nconfidence = 0.9",
    *(f"[thresholds.{check}.providers.gmail]\nwarn = 1e-6" for check in sorted(BY_PROVIDER)),
    *(f"[thresholds.{check}.streams.x]\nwarn = 1e-6" for check in sorted(BY_STREAM)),
    "[thresholds.bounce-rate.providers.gmail]\nwarn = 0.01\n[thresholds.bounce-rate.streams.x]\nminimum = 5",
    '[sources.crm]\nzone = "UTC"\n[sources.crm.columns]\nts = "at"\n[sources.crm.types]\nx = "delivered"',
    "[compare]\nevents = [{ date = 2026-01-01 }, { date = '2026-01-02', label = 'x' }]",
]
REFUSED = [
    "a = 1",
    "fail-on = 'off'",
    "fail-on = 'info'",
    "on-unknown = 1",
    "require = ['nothing']",
    "require = 1",
    "checks = []",
    "[checks]\nspf-loop = 'info'",
    "[checks]\nspf-loop = true",
    "waivers = {}",
    "waivers = [1]",
    *(WAIVER.replace(line + "\n", "") for line in WAIVER.splitlines()[1:]),
    WAIVER + "more = 1",
    WAIVER.replace('"s"', '""'),
    WAIVER.replace('"s"', '" "'),
    WAIVER.replace('"r"', f'"{"r" * (MAX_TEXT + 1)}"'),
    WAIVER.replace("2026-12-31", '"2026-12-32"'),
    WAIVER.replace("2026-12-31", "2026-12-31T00:00:00Z"),
    WAIVER.replace("2026-12-31", "20261231"),
    '[domains]\n"b.example" = 1',
    '[domains."b.example"]\nrole = "sender"',
    '[domains."b.example"]\nips = "192.0.2.1"',
    '[domains."b.example"]\nips = [1]',
    '[domains."b.example"]\nhelo = ""',
    '[domains."b.example"]\nname = "b"',
    "[thresholds.spf-present]\nwarn = 0.1",
    "[thresholds.bounce-rate]\nwarn = 0",
    "[thresholds.bounce-rate]\nwarn = 1.5",
    "[thresholds.bounce-rate]\nminimum = 0",
    "[thresholds.bounce-rate]\nminimum = '5'",
    "[thresholds.bounce-rate]\nconfidence = 0.4",
    "[thresholds.bounce-rate]\nconfidence = 1",
    "[thresholds.bounce-rate]\nsource = 'x'",
    "[thresholds.bounce-rate.providers.gmail.streams.x]\nwarn = 0.01",
    "[thresholds.bounce-rate.providers]\ngmail = 0.1",
    *(f"[thresholds.{check}.providers.gmail]\nwarn = 1e-6" for check in sorted({*THRESHOLDS, *BANDS} - BY_PROVIDER)),
    *(f"[thresholds.{check}.streams.x]\nwarn = 1e-6" for check in sorted({*THRESHOLDS, *BANDS} - BY_STREAM)),
    "[sources.crm]\ncolumn = {}",
    "[sources.crm]\ncolumns = { ts = 1 }",
    "[compare]\nevents = 3",
    "[compare]\nevents = [{ label = 'x' }]",
    "[compare]\nevents = [{ date = 2026-01-01, label = 3 }]",
    "[compare]\nevent = []",
]


def schema_accepts(text: str) -> bool:
    """Whether an editor would: TOML's dates are texts to a schema."""
    plain = json.loads(json.dumps(tomllib.loads(text), default=lambda value: value.isoformat()))
    return Draft202012Validator(SCHEMA, format_checker=FormatChecker()).is_valid(plain)


def reader_accepts(text: str) -> bool:
    """Whether deliv does."""
    try:
        policy_of(tables_of(text.encode(), "deliv.toml"))
    except BadConfig:
        return False
    return True


@pytest.mark.parametrize("text", ACCEPTED)
def test_both_accept_what_is_in_order(text: str) -> None:
    assert schema_accepts(text)
    assert reader_accepts(text)


@pytest.mark.parametrize("text", REFUSED)
def test_both_refuse_what_is_not(text: str) -> None:
    assert not schema_accepts(text)
    assert not reader_accepts(text)


def test_it_has_the_words_of_the_vocabulary() -> None:
    parts, definitions = SCHEMA["properties"], SCHEMA["$defs"]

    assert parts["on-unknown"]["enum"] == [one.value for one in OnUnknown]
    assert parts["require"]["items"]["enum"] == [one.value for one in Need]
    assert parts["checks"]["additionalProperties"]["enum"] == [*SEVERITIES, "off"]
    assert definitions["severity"]["enum"] == list(SEVERITIES)
    assert definitions["domain"]["properties"]["role"]["enum"] == ["auto", *(one.value for one in Role)]
    assert parts["thresholds"]["propertyNames"]["enum"] == [*THRESHOLDS, *BANDS]


def test_every_key_is_described() -> None:
    definitions = SCHEMA["$defs"]
    tables = [SCHEMA, *(one for one in definitions.values() if "properties" in one), SCHEMA["properties"]["compare"]]
    keys = [(key, one) for table in tables for key, one in table["properties"].items()]

    assert [
        key
        for key, one in keys
        if not {**definitions.get(one.get("$ref", "").rpartition("/")[2], {}), **one}.get("description")
    ] == []
