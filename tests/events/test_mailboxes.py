"""Whose mailboxes the recipients' domains are: by the list, by mail hosts when asked; and what replies mean then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deliverability.cli import run
from deliverability.events import classify
from deliverability.events.counting import mailboxes
from deliverability.events.providers import VOICES
from deliverability.ingest import ingest
from deliverability.lookup import Answer, AssumeAbove, Nameserver, ZoneResolver
from deliverability.rates import Asked, rates, rates_and_facts
from support.nameserver import Counting

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
ASKED = Asked(now=NOW)
GMAIL_SPF = "550 5.7.27 not accepted"


def events(folder: Path, *domains: str, **more: Any) -> str:
    """The path of a file with a message delivered at each domain, or what `more` says of it."""
    rows = [
        {
            "type": "delivered",
            "ts": f"2026-10-01T10:00:{n % 60:02}Z",
            "recipient": f"{n}@{domain}",
            "message_id": f"{n}",
            **more,
        }
        for n, domain in enumerate(domains)
    ]
    path = folder / "events.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def zone(**hosts: str) -> ZoneResolver:
    """Domains by the mail host that they have; dots are written as `_`."""
    head = "$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n"
    lines = (f"{name.replace('_', '.')}. 60 MX 10 {host}." for name, host in hosts.items())
    return ZoneResolver.from_text(head + "\n".join(lines))


def by_provider(document: Mapping[str, Any]) -> dict[str, int]:
    return {row["provider"]: row["delivered"] for row in document["rows"]}


class TestMailHosts:
    DOMAINS = ("gmail.com", "corp.test", "corp.test", "shop.test", "own.test")
    ZONE = zone(
        corp_test="corp-test.mail.protection.outlook.com", shop_test="aspmx.l.google.com", own_test="mx.own.test"
    )

    def test_nothing_is_asked_unless_wanted(self, tmp_path: Path) -> None:
        document = rates([events(tmp_path, *self.DOMAINS)], ASKED)

        assert by_provider(document) == {"gmail": 1, "other": 4}
        assert document["input"]["mx"] is None

    def test_domains_that_are_not_listed_are_asked_for_once_each(self, tmp_path: Path) -> None:
        resolver = Counting(self.ZONE)

        document = rates([events(tmp_path, *self.DOMAINS)], replace(ASKED, resolver=resolver))

        assert by_provider(document) == {"gmail": 1, "google-workspace": 1, "microsoft-365": 2, "other": 1}
        assert resolver.asked == {(name, "MX"): 1 for name in ("corp.test", "shop.test", "own.test")}
        assert document["input"]["mx"] == {"asked": 3, "answered": 3, "unanswered": 0, "not_asked": 0}
        assert document["totals"]["delivered"] == 5

    def test_a_domain_of_which_dns_says_nothing_stays_other(self, tmp_path: Path) -> None:
        silent = AssumeAbove(ZoneResolver.from_text("corp.test. 60 SOA a. b. 1 2 3 4 5"))

        document = rates([events(tmp_path, *self.DOMAINS)], replace(ASKED, resolver=silent))

        assert by_provider(document) == {"gmail": 1, "other": 4}
        assert document["input"]["mx"] == {"asked": 3, "answered": 1, "unanswered": 2, "not_asked": 0}

    def test_the_largest_are_asked_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mailboxes, "MAX_ASKED", 1)
        resolver = Counting(self.ZONE)

        document = rates([events(tmp_path, *self.DOMAINS)], replace(ASKED, resolver=resolver))

        assert set(resolver.asked) == {("corp.test", "MX")}
        assert document["input"]["mx"] == {"asked": 1, "answered": 1, "unanswered": 0, "not_asked": 2}
        assert by_provider(document) == {"gmail": 1, "microsoft-365": 2, "other": 2}

    def test_names_that_are_none_are_no_providers(self, tmp_path: Path) -> None:
        names = ("a..b", "x" * 300, "two words.test", "-", "[192.0.2.1]", "CORP.test.")

        document = rates([events(tmp_path, *names)], replace(ASKED, resolver=self.ZONE))

        assert document["totals"]["delivered"] == len(names)
        assert document["input"]["mx"]["asked"] == len(names)
        assert by_provider(document)["microsoft-365"] == 1

    def test_servers_that_never_answer_do_not_hold_the_run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Never:
            async def resolve(self, name: str, rdtype: str, *, server: Any = None, dnssec: bool = False) -> Answer:
                await asyncio.Event().wait()
                raise AssertionError

        monkeypatch.setattr(mailboxes, "MAX_SECONDS", 0.05)

        document = rates([events(tmp_path, *self.DOMAINS)], replace(ASKED, resolver=Never()))

        assert document["input"]["mx"] == {"asked": 3, "answered": 0, "unanswered": 3, "not_asked": 0}


class TestVoices:
    def bounced(self, folder: Path, domains: Sequence[str], reply: str, **asked: Any) -> dict[str, dict[str, int]]:
        """Provider → reason → bounces."""
        path = events(folder, *domains, type="bounced", reply_text=reply)
        return {
            name: dict(reasons)
            for name, reasons in rates_and_facts([path], replace(ASKED, **asked))[0].reasons_by_provider.items()
        }

    def test_a_code_means_what_the_mail_system_that_gave_it_says(self, tmp_path: Path) -> None:
        found = self.bounced(tmp_path, ["gmail.com", "own.test"], GMAIL_SPF)

        said = {who: classify.classify(GMAIL_SPF, provider=who).reason for who in ("gmail", "other")}
        assert said["gmail"] != said["other"]
        assert found == {"gmail": {said["gmail"]: 1}, "other": {said["other"]: 1}}

    def test_a_system_that_only_mail_hosts_tell_of_is_known_as_well(self, tmp_path: Path) -> None:
        found = self.bounced(tmp_path, ["own.test"], GMAIL_SPF, resolver=zone(own_test="aspmx.l.google.com"))

        assert found == {"google-workspace": {classify.classify(GMAIL_SPF, provider="gmail").reason: 1}}

    def test_a_store_keeps_the_same_reason(self, tmp_path: Path) -> None:
        import duckdb

        path = events(tmp_path, "gmail.com", "own.test", type="bounced", reply_text=GMAIL_SPF)
        ingest([path], tmp_path / "mail.duckdb", now=NOW)

        with duckdb.connect(str(tmp_path / "mail.duckdb")) as store:
            kept = store.execute("SELECT split_part(recipient, '@', 2), reason FROM deliv_event").fetchall()
        assert dict(kept) == {
            "gmail.com": classify.classify(GMAIL_SPF, provider="gmail").reason,
            "own.test": classify.classify(GMAIL_SPF).reason,
        }

    def test_the_voices_are_those_that_the_rules_tell_apart(self) -> None:
        rules = classify._replies()[1]
        told = {rule.provider for rule in rules if rule.only} | {who for who, _ in classify._codes() if who}

        assert told == VOICES


class TestCommand:
    """`deliv rates --mx`."""

    ZONE = "$ORIGIN corp.test.\n@ 60 SOA a. b. 1 2 3 4 5\n@ 60 MX 10 corp-test.mail.protection.outlook.com.\n"

    def json(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
        assert run(["rates", *arguments, "-f", "json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    def test_zone_files_answer(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = events(tmp_path, "corp.test", "gmail.com")
        (tmp_path / "corp.zone").write_text(self.ZONE)

        document = self.json(capsys, path, "--mx", "--zone", str(tmp_path / "corp.zone"))

        assert by_provider(document) == {"gmail": 1, "microsoft-365": 1}

    def test_a_nameserver_answers(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = events(tmp_path, "corp.test", "gmail.com")
        resolver = Counting(AssumeAbove(ZoneResolver.from_text(self.ZONE)))

        async def served() -> dict[str, Any]:
            async with Nameserver(resolver) as server:
                return await asyncio.to_thread(self.json, capsys, path, "--mx", "--resolver", server.address)

        document = asyncio.run(served())

        assert by_provider(document) == {"gmail": 1, "microsoft-365": 1}
        assert resolver.asked == {("corp.test", "MX"): 1}

    def test_a_person_reads_how_many_were_asked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mailboxes, "MAX_ASKED", 2)
        path = events(tmp_path, "corp.test", "corp.test", "a.example", "b.example")
        (tmp_path / "corp.zone").write_text(self.ZONE)

        assert run(["rates", path, "--mx", "--zone", str(tmp_path / "corp.zone")]) == 0
        asked = capsys.readouterr().out
        assert run(["rates", path]) == 0
        unasked = capsys.readouterr().out

        assert "2 domains asked for mail hosts (MX); 1 gave no answer; 1 beyond the largest were not asked" in asked
        assert "MX" not in unasked

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("--resolver", "192.0.2.53"), "--resolver goes with --mx"),
            (("--zone", "corp.zone"), "--zone goes with --mx"),
            (("--mx", "--zone", "x", "--resolver", "192.0.2.53"), "--zone answers from files only"),
            (("--mx", "--resolver", "nonsense:x"), "nonsense"),
            (("--mx", "--zone", "nowhere.zone"), "nowhere.zone"),
        ],
    )
    def test_what_does_not_go_together_is_said_in_a_line(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], says: str
    ) -> None:
        assert run(["rates", events(tmp_path, "corp.test"), *arguments]) == 2
        err = capsys.readouterr().err

        assert says in err
        assert err.count("\n") == 1
