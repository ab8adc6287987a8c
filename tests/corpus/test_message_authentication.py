"""The signatures of every mail in the shared data: read as dkimpy reads them, without an exception, nobody named."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from deliverability.events.plain import to_plain
from deliverability.mail.authenticate import LiveVerifier, connection_of
from deliverability.mail.authenticate.facts import Field, Signature
from deliverability.mail.authenticate.split import split
from deliverability.mail.authenticate.states import Chain, State
from support.authentication import From, World, authenticated
from support.shared import shared

pytestmark = pytest.mark.corpus

dkim: Any = import_module("dkim")
SIGNED = re.compile(rb"(?im)^(?:DKIM-Signature|ARC-Seal):")
LARGEST = 5_000_000


@cache
def mails() -> tuple[bytes, ...]:
    """Every file that holds a signature, each octets once."""
    files = sorted(path for path in shared("data").rglob("*") if path.is_file() and path.stat().st_size < LARGEST)
    found = (path.read_bytes() for path in files)
    return tuple(dict.fromkeys(raw for raw in found if SIGNED.search(raw)))


@cache
def signatures() -> tuple[tuple[bytes, Signature], ...]:
    return tuple((raw, one) for raw in mails() for one in LiveVerifier(raw).mail.signatures)


def test_the_shared_data_hold_signatures_of_every_kind() -> None:
    kinds = Counter(one.field for _, one in signatures())

    assert kinds[Field.DKIM] >= 40
    assert kinds[Field.SEAL] >= 10
    assert sum(one.body_matches is True for _, one in signatures()) >= 5, "some bodies are as they were signed"


def test_chains_are_built_as_they_should_be() -> None:
    chains = [mail for raw in mails() if (mail := LiveVerifier(raw).mail).instances]

    assert len(chains) >= 10
    assert [mail.chain_fault for mail in chains if mail.chain_fault] == []


def test_tags_are_read_as_dkimpy_reads_them() -> None:
    compared = 0
    for raw, one in signatures():
        if one.fault or one.field != Field.DKIM.value:
            continue
        tags = _theirs(raw)[one.index]
        names = [name.strip().lower() for name in tags[b"h"].replace(b"\r\n", b"").split(b":")]
        assert one.domain == tags[b"d"].decode().lower()
        assert one.selector == tags[b"s"].decode().lower()
        assert [name.encode() for name in one.signed] == names
        compared += 1
    assert compared >= 40


def _theirs(raw: bytes) -> list[dict[bytes, bytes]]:
    headers, _ = dkim.rfc822_parse(raw)
    fields = [value for name, value in headers if name.lower() == b"dkim-signature"]
    return [dkim.util.parse_tag_value(value) for value in fields]


def test_fields_and_body_are_cut_where_dkimpy_cuts_them() -> None:
    compared = 0
    for raw in mails():
        try:
            headers, body = dkim.rfc822_parse(raw)
        except dkim.MessageFormatError:
            continue
        cut = split(raw)
        assert [(name, value) for name, value in cut.fields] == [tuple(one) for one in headers]
        assert cut.body == body
        compared += 1
    assert compared >= 40


def test_every_mail_is_authenticated_and_no_key_is_no_pass() -> None:
    states = Counter[State]()
    for raw in mails():
        connection = connection_of(raw, trust=["google.com", "outlook.com", "example.com"])
        found = authenticated(raw, World({}), connection=connection, author=From(("example.com",)))
        states.update(one.state for one in found.dkim)
        assert found.arc.status is not Chain.PASS
    assert states[State.PASS] == 0
    assert states[State.KEY_MISSING] >= 5
    assert states[State.BODY_CHANGED] >= 30, "their addresses were changed after they were signed"


def test_no_address_is_kept() -> None:
    for raw in mails():
        kept = json.dumps(to_plain(LiveVerifier(raw).kept()))
        assert re.findall(r"[\w.+=-]+@[\w-]+", kept) == []
        assert "@" not in json.dumps(to_plain(connection_of(raw, trust=["google.com"])))
