"""A key in the names that are asked: it goes out, and nothing that comes back holds it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deliverability import api
from deliverability.cli import run
from deliverability.document import Audit, from_json, to_json
from deliverability.lookup import Answer, Nameserver, ReplayResolver, Resolver, Status, ZoneResolver
from deliverability.lookup.keyed import ENVIRONMENT, PLACEHOLDER, KeyedResolver, key_from_environment, keyed
from deliverability.reports import terminal
from deliverability.reports.html import render_html
from support.nameserver import Counting

KEY = "abcdefghijklmnopqrstuvwxyz"
CLOCK = datetime(2026, 11, 21, 9, tzinfo=UTC)
IPS = ["192.0.2.25"]
SELECT = ["blocklist-*"]

WORLD = f"""
$ORIGIN .
$TTL 300
@ SOA ns1.test. hostmaster.test. 1 2 3 4 5
shop.test. TXT "v=spf1 ip4:192.0.2.25 -all"
25.2.0.192.in-addr.arpa. PTR mail.shop.test.
mail.shop.test. A 192.0.2.25
2.0.0.127.{KEY}.zen.dq.spamhaus.net. A 127.0.0.2
25.2.0.192.{KEY}.zen.dq.spamhaus.net. CNAME hit.{KEY.upper()}.zen.dq.spamhaus.net.
hit.{KEY}.zen.dq.spamhaus.net. A 127.0.0.3
hit.{KEY}.zen.dq.spamhaus.net. TXT "listed, says {KEY.upper()}"
test.{KEY}.dbl.dq.spamhaus.net. A 127.0.1.2
"""


def world() -> ZoneResolver:
    return ZoneResolver.from_text(WORLD)


def audit(base: Resolver) -> Audit:
    return api.audit("shop.test", dqs_key=KEY, resolver=base, ips=IPS, select=SELECT, now=CLOCK)[0]


def holds_key(text: str) -> bool:
    return KEY in text.lower()


def test_the_key_goes_out_and_does_not_come_back() -> None:
    base = Counting(world())
    name = f"25.2.0.192.{PLACEHOLDER}.zen.dq.spamhaus.net"

    answer = asyncio.run(KeyedResolver(base, KEY).resolve(name, "TXT"))

    assert base.asked == {(f"25.2.0.192.{KEY}.zen.dq.spamhaus.net", "TXT"): 1}
    assert answer == Answer(
        name=name,
        rdtype="TXT",
        status=Status.OK,
        records=(f"listed, says {PLACEHOLDER}",),
        strings=((f"listed, says {PLACEHOLDER}".encode(),),),
        ttl=300,
        cname_chain=(f"hit.{PLACEHOLDER}.zen.dq.spamhaus.net",),
    )


@pytest.mark.parametrize("name", ["shop.test", f"a.{PLACEHOLDER}.zen.dq.spamhaus.net.evil.test", f"{PLACEHOLDER}.test"])
def test_nobody_else_is_told_the_key(name: str) -> None:
    base = Counting(world())

    asyncio.run(KeyedResolver(base, KEY).resolve(name, "A"))

    assert base.asked == {(name, "A"): 1}


@pytest.mark.parametrize("key", ["", "short", "two.labels.of.a.key", "a b c d e f g h", "x" * 64, "ключ-ключ-ключ"])
def test_what_cannot_be_a_key_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(ValueError, match=ENVIRONMENT) as caught:
        KeyedResolver(world(), key)

    assert not key or key not in str(caught.value)


def test_no_key_changes_nothing() -> None:
    base = world()

    assert keyed(base, None) is base
    assert key_from_environment({}) is None
    assert key_from_environment({ENVIRONMENT: "  "}) is None
    assert key_from_environment({ENVIRONMENT: f" {KEY}\n"}) == KEY


def test_an_audit_asks_with_the_key_and_tells_it_nowhere() -> None:
    base = Counting(world())

    result = audit(base)

    [hit] = [f for f in result.findings if f.subject == "192.0.2.25"]
    assert (hit.outcome, hit.severity) == ("fail", "critical")
    assert any(holds_key(name) for name, _ in base.asked)
    shown = [to_json(result), repr(result), render_html(result), terminal.render([result], width=200, color=False)]
    assert [text for text in shown if holds_key(text)] == []
    assert PLACEHOLDER in to_json(result)


def test_a_replay_needs_no_key() -> None:
    first = to_json(audit(world()))
    stored = from_json(first)

    plan = api.plan("shop.test", dqs=True, ips=IPS, select=SELECT, now=CLOCK)
    [again] = asyncio.run(api.run(plan, ReplayResolver(stored.dns, stored.listings)))

    assert to_json(again) == first


@contextmanager
def served() -> Generator[str]:
    """The world on a port of this machine, from a thread of its own: the command runs its own event loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = Nameserver(world())
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    try:
        yield server.address
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_the_command_takes_the_key_from_the_environment_and_writes_it_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENVIRONMENT, KEY)
    monkeypatch.chdir(tmp_path)
    outputs = [part for name in ("a.json", "a.html", "a.txt", "a.jsonl") for part in ("-o", name)]
    with served() as address:
        run(["audit", "shop.test", "--resolver", address, "--ip", "192.0.2.25", *outputs])

    monkeypatch.delenv(ENVIRONMENT)
    run(["audit", "--replay", "a.json", "-o", "b.json"])

    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    texts |= dict(zip(("out", "err"), capsys.readouterr(), strict=True))
    assert [name for name, text in texts.items() if holds_key(text)] == []
    assert texts["b.json"] == texts["a.json"]
    findings = json.loads(texts["a.json"])["findings"]
    assert [f["outcome"] for f in findings if f["check"] == "blocklist-ip" and f["subject"] == "192.0.2.25"] == ["fail"]


def test_a_bad_key_is_one_line_that_does_not_tell_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENVIRONMENT, "not.a.key")

    code = run(["audit", "shop.test", "--resolver", "127.0.0.1:1"])

    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "not.a.key" not in err


def test_zone_files_are_asked_without_a_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENVIRONMENT, KEY)
    file = tmp_path / "shop.zone"
    file.write_text('shop.test. 300 TXT "v=spf1 -all"\n')

    run(["audit", "shop.test", "--zone", str(file), "-f", "json"])

    document = json.loads(capsys.readouterr().out)
    assert document["options"]["dqs"] is False
    assert [a["name"] for a in document["dns"] if PLACEHOLDER in a["name"]] == []
