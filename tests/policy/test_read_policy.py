"""`deliv.toml`: what it says, and every kind of fault with its line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from deliverability.checks._thresholds import BY_STREAM, THRESHOLDS
from deliverability.events.providers import PROVIDERS
from deliverability.findings import Severity
from deliverability.policy.model import Judging, Need, OnUnknown, Place, Policy
from deliverability.policy.read import BadConfig, policy_of, read_policy
from deliverability.policy.tables import MAX_OCTETS, tables_of
from support.policies import waived

WHOLE = f"""\
fail-on = "medium"
on-unknown = "warn"
require = ["events", "message", "events"]

[checks]
"spf-*" = "low"
spf-present = "critical"
dns-wildcard = "off"

[domains."Example.COM."]
owner = "dns@team"
role = "sending"
senders = ["192.0.2.0/24", "Mail.Example"]
selectors = ["S1."]
ips = ["2001:DB8::1"]
helo = "MX.example.com"
[domains."bücher.example"]

[thresholds.complaint-rate]
warn = 0.002
confidence = 0.99
[thresholds.bounce-rate]
minimum = 500
[thresholds.bounce-rate.providers.gmail]
warn = 0.01
[thresholds.bounce-rate.streams."news letter"]
fail = 1

{waived("spf-*", "example.com", reason="the old service leaves", owner="mail team", until="2026-12-31")}\
{waived("dkim-key-size", "s1._domainkey.example.com", reason="so far", owner="mail team", until='"2027-01-31"')}
[sources.crm.columns]
ts = "sent_at"
[sources.crm.types]
angekommen = "delivered"
[compare]
events = [{{ date = 2026-09-20, label = "new design" }}, {{ date = "2026-09-21" }}]
"""


def policy(text: str | bytes) -> Policy:
    """The policy of a text."""
    return policy_of(tables_of(text.encode() if isinstance(text, str) else text, "deliv.toml"))


def problems(text: str | bytes) -> Sequence[str]:
    """What is wrong with a text, without the file's name."""
    with pytest.raises(BadConfig) as caught:
        policy(text)
    assert all(one.startswith("deliv.toml:") for one in caught.value.problems)
    return [one.removeprefix("deliv.toml:") for one in caught.value.problems]


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "deliv.toml").write_text(WHOLE, encoding="utf-8")
    found = read_policy(tmp_path / "deliv.toml")

    assert (found.fail_on, found.on_unknown) == (Severity.MEDIUM, OnUnknown.WARN)
    assert found.require == (Need.EVENTS, Need.MESSAGE)
    assert found.judging.severities == (
        ("spf-*", Severity.LOW),
        ("spf-present", Severity.CRITICAL),
        ("dns-wildcard", None),
    )
    domain = found.domains["example.com"]
    assert (domain.owner, domain.role, domain.helo) == ("dns@team", "sending", "mx.example.com")
    assert (domain.senders, domain.selectors, domain.ips) == (
        ("192.0.2.0/24", "Mail.Example"),
        ("s1",),
        ("2001:db8::1",),
    )
    assert domain.place == Place(str(tmp_path / "deliv.toml"), 10, 10)
    assert list(found.domains) == ["example.com", "xn--bcher-kva.example"]
    assert [(one.check, one.until, one.place.line) for one in found.waivers] == [
        ("spf-*", date(2026, 12, 31), 29),
        ("dkim-key-size", date(2027, 1, 31), 35),
    ]
    assert list(found.sources) == ["crm"]
    assert found.compare_events == ("2026-09-20=new design", "2026-09-21=")
    assert found.places["waivers[2].until"].line == 40


def test_its_lines_stand_over_those_of_deliv() -> None:
    lines = policy(WHOLE).judging.lines
    assert lines is not None
    complaints, bounces = lines.of("complaint-rate"), lines.of("bounce-rate")

    assert (complaints.warn, complaints.fail, complaints.confidence) == (0.002, 0.003, 0.99)
    assert complaints.minimum == 500  # of the new line, as no other floor is given
    assert (bounces.warn, bounces.minimum) == (0.02, 500)
    assert lines.of("bounce-rate", provider="gmail").warn == 0.01
    assert lines.of("bounce-rate", provider="gmail").minimum == 500
    assert lines.of("bounce-rate", provider="yahoo") == bounces
    assert lines.of("bounce-rate", stream="news letter").fail == 1
    assert lines.of("deferral-rate") == THRESHOLDS["deferral-rate"]
    assert lines.band("delivery-by-provider").minimum == 200


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "\ufeff", "[checks]\n[thresholds]\n[domains]\n", "require = []\r\n"]
)
def test_without_a_word_everything_is_as_by_default(text: str) -> None:
    found = policy(text)

    assert (found.fail_on, found.on_unknown, found.require) == (Severity.HIGH, OnUnknown.FAIL, ())
    assert found.judging == Judging()
    assert (found.waivers, dict(found.domains), dict(found.sources)) == ((), {}, {})


FAULTS = {
    'fail_on = "high"': '1:1: the top of the file has no key "fail_on": it has on-unknown, fail-on, require, checks,'
    " waivers, domains, thresholds, sources, compare (did you mean fail-on?)",
    'fail-on = "hihg"': '1:1: fail-on is one of critical, high, medium, low, not "hihg" (did you mean high?)',
    'fail-on = "info"': '1:1: fail-on is one of critical, high, medium, low, not "info"',
    "on-unknown = true": "1:1: on-unknown is one of fail, warn, pass, not true or false",
    'require = ["event"]': "1:12: an input is one of events, message, recipients, dmarc-reports, tls-reports,"
    ' postmaster, snds, sender-hub, not "event" (did you mean events?)',
    'require = "events"': '1:1: require should be a list of texts in quotes, such as ["a"]',
    "require = [[]]": "1:12: require should hold texts in quotes alone",
    '[domains."shop.test"]\nsenders = [" "]': "2:12: domains.shop.test.senders should hold texts in quotes alone",
    f'[domains."shop.test"]\nsenders = ["{"a" * 501}"]': "2:12: domains.shop.test.senders should hold texts in quotes"
    " alone",
    '[checks]\nspf-lokup-limit = "off"': '2:1: no check is called "spf-lokup-limit": deliv checks lists them'
    " (did you mean spf-lookup-limit?)",
    '[checks]\n\n"zzz-*" = "off"': '3:1: no check is called "zzz-*": deliv checks lists them',
    '[checks]\nfail-on = "high"': '2:1: no check is called "fail-on": deliv checks lists them; fail-on belongs at the'
    " top of the file, before the first table",
    '[checks]\nspf-present = "hihg"': '2:1: a severity is one of critical, high, medium, low, off, not "hihg"'
    " (did you mean high?)",
    "checks = 1": "1:1: checks should be a table: [checks]",
    "[domains.example.com]": "1:10: not a domain name: 'example' (it needs at least two labels); a name with dots goes"
    ' in quotes: [domains."example.com"]',
    '[domains."a@b.example"]': "1:10: not a domain name: 'a@b.example' (an e-mail address? give what follows the @)",
    '[domains."b.example"]\n[domains."B.example."]': "2:10: b.example stands here twice: first in line 1",
    '[domains."b.example"]\nrole = "sender"': '2:1: role is one of auto, sending, receiving, parked, not "sender"'
    " (did you mean sending?)",
    '[domains."b.example"]\nselector = ["s"]': '2:1: [domains.b.example] has no key "selector": it has owner, role,'
    " senders, selectors, ips, helo (did you mean selectors?)",
    '[domains."b.example"]\nips = [\n"192.0.2.1",\n"1.2"]': "4:1: not an IP address: '1.2'",
    '[domains."b.example"]\nselectors = ["s t"]': "2:14: not a DKIM selector: 's t'",
    '[domains."b.example"]\nsenders = ["192.0.2.0/99"]': "2:12: not a network: '192.0.2.0/99'",
    '[domains."b.example"]\nhelo = "a b"': "2:1: not a HELO name: 'a b'",
    '[domains]\n"b.example" = 1': "2:1: domains.b.example should be a table: [domains.b.example]",
    "[thresholds.bounce-rate]\nwarn = 2": "2:1: thresholds.bounce-rate.warn is a fraction above 0 and up to 1, not 2",
    "[thresholds.bounce-rate]\nwarn = 0": "2:1: thresholds.bounce-rate.warn is a fraction above 0 and up to 1, not 0",
    "[thresholds.bounce-rate]\nfail = nan": "2:1: thresholds.bounce-rate.fail is a fraction above 0 and up to 1,"
    " not nan",
    "[thresholds.bounce-rate]\nwarn = true": "2:1: thresholds.bounce-rate.warn is a fraction above 0 and up to 1,"
    " not true or false",
    "[thresholds.bounce-rate]\nfail = 0x" + "f" * 5000: "2:1: thresholds.bounce-rate.fail is a fraction above 0 and up"
    " to 1, not a huge number",
    "[thresholds.bounce-rate]\nconfidence = 95": "2:1: thresholds.bounce-rate.confidence is a number from 0.5 to"
    " 0.9999, not 95",
    "[thresholds.bounce-rate]\nminimum = 0": "2:1: thresholds.bounce-rate.minimum is a whole number of messages, at"
    " least 1, not 0",
    "[thresholds.bounce-rate]\nminimum = 5.5": "2:1: thresholds.bounce-rate.minimum is a whole number of messages, at"
    " least 1, not 5.5",
    "[thresholds.bounce-rate]\nwarn = 0.06": "1:13: warn (0.06) is above fail (0.05): set both",
    "[thresholds.bounce-rate.providers.gmail]\nfail = 0.01": "1:35: warn (0.02) is above fail (0.01): set both",
    "[thresholds.delivery-by-provider]\nwarn = 0.06": "1:13: warn (0.06) is above fail (0.05): set both",
    "[thresholds.bounce-rate]\nminimun = 5": '2:1: [thresholds.bounce-rate] has no key "minimun": it has warn, fail,'
    " minimum, confidence, providers, streams (did you mean minimum?)",
    "[thresholds.bounce-rate.providers.gmial]": '1:35: no mailbox provider is called "gmial" (did you mean gmail?)',
    "[thresholds.bounce-rate.providers.gmail]\nstreams = 1": "2:1: [thresholds.bounce-rate.providers.gmail] has no key"
    ' "streams": it has warn, fail, minimum, confidence',
    "[thresholds.dmarc-pass-rate.streams.x]\nwarn = 0.1": "1:29: dmarc-pass-rate is not judged by stream: of"
    " bounce-rate, hard-bounce-rate, deferral-rate, complaint-rate the figure of each stream is known",
    "[thresholds.snds-status.providers.gmail]\nwarn = 0.1": "1:25: snds-status is not judged by provider: of"
    " bounce-rate, hard-bounce-rate, bounce-unknown-users, bounce-reputation-blocks, deferral-rate, complaint-rate,"
    " complaint-by-provider, delivery-by-provider the figure of each provider is known",
    waived("zzz", until="2026-12-31"): '2:1: no check is called "zzz": deliv checks lists them',
    waived("spf-*", until="2026-12-31").replace('reason = "r"\n', ""): "1:3: waivers[1] needs reason",
    waived("spf-*", " ", until="2026-12-31"): "3:1: waivers[1].subject should be a text in quotes, of at most 500"
    " characters and not empty",
    waived("spf-*", until="2026-12-31T00:00:00Z"): "6:1: waivers[1].until is a date such as 2026-12-31, not a date with"
    " a time",
    waived("spf-*", until='"2026-02-30"'): '6:1: waivers[1].until is a date such as 2026-12-31, not "2026-02-30"',
    waived("spf-*", until='"20261231"'): '6:1: waivers[1].until is a date such as 2026-12-31, not "20261231"',
    "fail-on = 'HIGH'": '1:1: fail-on is one of critical, high, medium, low, not "HIGH" (did you mean high?)',
    "[checks]\n'spff-*' = 'off'": '2:1: no check is called "spff-*": deliv checks lists them (did you mean spf-*?)',
    "[waivers]": "1:2: waivers should be an array of tables: [[waivers]]",
    "waivers = [1]": "1:12: waivers should hold tables alone",
    "[sources.crm]\nzone = 'Mars/Olympus'": "1:10: zone: 'Mars/Olympus' is no time zone; names are like Europe/Berlin",
    "[compare]\nevents = [{ label = 'x' }]": "2:11: compare.events[1] needs date",
    "[compare]\nevents = [{ date = 2026-09-20, lable = 'x' }]": '2:32: compare.events[1] has no key "lable": it has'
    " date, label (did you mean label?)",
    "a = = 1": "1:5: not TOML: Invalid value",
    "a = 1\na = 2": "2:6: not TOML: Cannot overwrite a value (each table and each key stands once)",
    "a = high": "1:5: not TOML: Invalid value (a text goes in quotes)",
    "a = ['x', high]": "1:11: not TOML: Invalid value (a text goes in quotes)",
    "a = “high”": "1:5: not TOML: Invalid value (a text stands in straight quotes)",
    "a: 1": "1:2: not TOML: Expected '=' after a key in a key/value pair (TOML writes key = value)",
    '{"a": 1}': "1:1: not TOML: Invalid statement (TOML writes key = value)",
    "a = 1 // one": "1:7: not TOML: Expected newline or end of document after a statement (a comment begins with #)",
    "a = { b = 1, }": "1:14: not TOML: Invalid initial character for a key part (an inline table is one line, without"
    " a comma after its last key)",
    "ключ = 1": "1:1: not TOML: Invalid statement (a key of other letters than a to z goes in quotes)",
    'a = "\\q"': "1:8: not TOML: Unescaped '\\' in a string (between single quotes a backslash is one)",
    'a = "\x00"': "1:6: not TOML: Illegal character '\\x00'",
    'a = """': "1:8: not TOML: Unterminated string",
    "a = 2026-02-30": "1:5: not TOML: Invalid date or datetime",
    "a = " + "9" * 5000: "1:5: a number has more digits than can be read",
    "a = " + "[" * 5000: "1:21: values are nested too deep",
    "x.y" + ".z" * 5000 + " = 1": "1:33: values are nested too deep",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_its_line_and_what_was_meant(text: str) -> None:
    assert problems(text) == [FAULTS[text]]


def test_octets_that_are_no_text_have_a_place() -> None:
    assert problems(b'a = 1\nb = "\xe9"\n') == ["2:6: not UTF-8"]
    assert problems("a = 1".encode("utf-16")) == ["1:1: not UTF-8"]


def test_a_file_beyond_all_bounds_is_not_read() -> None:
    with pytest.raises(BadConfig, match="larger than 1024 KiB"):
        tables_of(b"#" * (MAX_OCTETS + 1), "deliv.toml")


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = '[thresholds.bounce-rate]\nwarn = 2\n[checks]\nspf-presnt = "off"\n[domains."b"]\n'

    found = problems(text)

    assert [one.split(":")[0] for one in found] == ["2", "4", "5"]
    with pytest.raises(BadConfig, match=r"^deliv\.toml:2:1: .*; and 2 more \(deliv config check lists them\)$"):
        policy(text)


def test_faults_without_end_are_counted() -> None:
    found = problems("".join(f"key{number} = 1\n" for number in range(5_000)))

    assert len(found) == 101
    assert found[-1] == " and 4900 more"


def test_globs_without_end_are_not_tried() -> None:
    assert problems("[checks]\n" + "".join(f'"spf-*{number}" = "off"\n' for number in range(1_001))) == [
        "1:2: [checks] has more than 1,000 lines: use globs"
    ]
    assert problems("[checks]\n'" + "*" * 101 + "' = 'off'")[0].startswith("2:1: no check is called")


def test_control_characters_are_never_repeated_raw() -> None:
    assert not any("\x1b" in one or "\u202e" in one for one in problems('"\\u001b[31m\\u202e" = 1'))


def test_every_provider_can_have_lines_of_its_own() -> None:
    text = "".join(f'[thresholds.bounce-rate.providers."{name}"]\nwarn = 0.01\n' for name in PROVIDERS)
    lines = policy(text).judging.lines

    assert lines is not None
    assert len(lines.by_provider["bounce-rate"]) == len(PROVIDERS)


def test_every_check_that_is_judged_by_stream_can_have_lines_for_one() -> None:
    text = "".join(f"[thresholds.{check}.streams.a]\nminimum = 9\n" for check in sorted(BY_STREAM))
    lines = policy(text).judging.lines

    assert lines is not None
    assert {lines.of(check, stream="a").minimum for check in BY_STREAM} == {9}
