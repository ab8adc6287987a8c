"""The addresses that mail was sent from, out of events: which count, and which an audit may look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from deliverability.events.figures import MAX_ADDRESSES, RatesFacts
from deliverability.rates import Asked, rates_and_facts

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def facts(folder: Path, sent: Sequence[tuple[str | None, int]], type_: str = "sent") -> RatesFacts:
    """The figures of so many messages from each address."""
    addresses = [ip for ip, times in sent for _ in range(times)]
    rows = [
        {"type": type_, "ts": "2026-10-01T10:00:00Z", "recipient": f"{n}@example.test", "message_id": f"{n}", "ip": ip}
        for n, ip in enumerate(addresses)
    ]
    path = folder / "events.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rates_and_facts([str(path)], Asked(now=NOW))[0]


def test_messages_are_counted_by_the_address_they_were_sent_from(tmp_path: Path) -> None:
    sent = [
        ("192.0.2.7", 1),
        ("8.8.4.4", 3),
        (" 8.8.4.4 ", 1),
        ("2A00::1", 1),
        ("2a00:0::1", 1),
        ("10.0.0.1", 9),
        ("no address", 9),
        ("a@example.test", 9),
        (None, 9),
    ]

    assert facts(tmp_path, sent).ips == {"8.8.4.4": 4, "2a00::1": 2, "192.0.2.7": 1}


def test_what_was_never_sent_was_sent_from_nowhere(tmp_path: Path) -> None:
    assert facts(tmp_path, [("8.8.4.4", 3)], "rejected").ips == {}


def test_the_largest_are_kept(tmp_path: Path) -> None:
    sent = [(f"8.8.4.{n}", n) for n in range(1, MAX_ADDRESSES + 3)]

    assert facts(tmp_path, sent).ips == {f"8.8.4.{n}": n for n in range(3, MAX_ADDRESSES + 3)}


def test_an_audit_looks_at_public_addresses_those_with_most_mail_first() -> None:
    found = RatesFacts(ips={"8.8.4.4": 1, "8.8.8.8": 5, "192.0.2.7": 3, "10.0.0.1": 9, "[8.8.4.4]": 2, "x": 7})

    assert found.sent_from("shop.com") == ("8.8.8.8", "8.8.4.4")
    assert found.sent_from("shop.test") == ("8.8.8.8", "192.0.2.7", "8.8.4.4")


@given(st.dictionaries(st.text(max_size=20) | st.ip_addresses().map(str), st.integers(-(2**60), 2**60), max_size=40))
def test_a_document_can_say_anything(ips: dict[str, int]) -> None:
    assert len(RatesFacts(ips=ips).sent_from("shop.test")) <= MAX_ADDRESSES
