"""The local part of MAIL FROM in SPF: as exact as where it is told, and in nothing that is recorded or shown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from deliverability.lookup import Answer, RecordingResolver, ReplayResolver, Status
from deliverability.lookup.unasked import PrivateName
from deliverability.protocols.spf import Cause, CheckResult, Result, check_host
from deliverability.protocols.spf.private import HELD_BACK, Telling

LOCAL, DOMAIN, IP = "Strong-bad.ann=inbox.test", "mail.example", "192.0.2.7"
MACROS = {
    "%{l}": "strong-bad.ann=inbox.test",
    "%{L}": "strong-bad.ann%3dinbox.test",
    "%{l-}": "strong.bad.ann=inbox.test",
    "%{lr}": "test.ann=inbox.strong-bad",
    "%{l1r-}": "strong",
    "%{l2}": "ann=inbox.test",
    "%{l1r=.}": "strong-bad",
    "%{l.}": "strong-bad.ann=inbox.test",
    "%{l..-}": "strong.bad.ann=inbox.test",
    "%{S}": "strong-bad.ann%3dinbox.test%40mail.example",
    "%{s1}": "example",
    "%{l}.%{o}.%{ir}": "strong-bad.ann=inbox.test.mail.example.7.2.0.192",
}


@dataclass
class Names:
    """Answers by name, and remembers what it was asked."""

    texts: dict[str, tuple[str, ...]]
    found: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list[str])

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        self.asked.append(name.lower())
        if name.lower() in self.found:
            return Answer(name=name, rdtype=rdtype, status=Status.OK, records=("127.0.0.2",), cname_chain=(name,))
        records = self.texts.get(name.lower(), ())
        return Answer(name=name, rdtype=rdtype, status=Status.OK if records else Status.NXDOMAIN, records=records)


def names(record: str, *found: str, **texts: str) -> Names:
    other = {name.replace("__", "."): (text,) for name, text in texts.items()}
    return Names({DOMAIN: (record,), **other}, frozenset(found))


def told(resolver: Names | RecordingResolver | ReplayResolver, local: str = LOCAL) -> CheckResult:
    return asyncio.run(check_host(resolver, ip=IP, sender=f"{local}@{DOMAIN}", helo="h.example"))


def private(resolver: RecordingResolver | ReplayResolver) -> CheckResult:
    sender = f"postmaster@{DOMAIN}"
    return asyncio.run(check_host(resolver, ip=IP, sender=sender, helo="h.example", tells_local_part=False))


def recording(base: Names, local: str = LOCAL) -> RecordingResolver:
    return RecordingResolver(Telling(base, DOMAIN, local))


@pytest.mark.parametrize("macro", MACROS)
def test_what_is_asked_is_exact_and_what_is_recorded_holds_nobody(macro: str) -> None:
    record = f"v=spf1 exists:{macro}.ok.example -all"
    wanted = f"{MACROS[macro]}.ok.example"
    plain, base = names(record, wanted), names(record, wanted)
    kept = recording(base)

    result = private(kept)

    assert (told(plain).result, result.result, result.cause) == (Result.PASS, Result.PASS, Cause.MATCH)
    assert base.asked == plain.asked == [DOMAIN, wanted]
    assert not [word for word in ("strong", "ann", "inbox") if word in repr((kept.answers, result)).lower()]
    assert private(ReplayResolver(kept.answers)) == result


def test_macros_that_differ_are_asked_and_recorded_apart() -> None:
    base = names("v=spf1 exists:%{l1-}.ok.example exists:%{l2-}.ok.example exists:%{L2-}.ok.example -all")
    kept = recording(base, "a-b")

    assert private(kept).result is told(names(base.texts[DOMAIN][0]), "a-b").result
    assert base.asked == [DOMAIN, "b.ok.example", "a.b.ok.example", "a.b.ok.example"]
    assert len({answer.name for answer in kept.answers}) == 4


@pytest.mark.parametrize(
    ("record", "local"),
    [
        ("v=spf1 exists:%%{l}.ok.example -all", "ann"),  # a text that looks like a macro
        ("v=spf1 exists:" + ("%{l}." * 60) + "ok.example -all", "ann"),  # longer than a name may be
    ],
)
def test_what_cannot_be_asked_without_it_is_not_guessed(record: str, local: str) -> None:
    base = names(record)

    result = private(recording(base, local))

    assert (result.result, result.cause) == (Result.TEMPERROR, Cause.LOCAL_PART)
    assert base.asked == [DOMAIN]


@pytest.mark.parametrize("local", ["x" * 64, "a..b", "일"])
def test_a_local_part_that_no_name_can_hold_matches_nothing(local: str) -> None:
    base = names("v=spf1 exists:%{l}.ok.example -all")

    assert private(recording(base, local)).result is told(base, local).result is Result.FAIL
    assert set(base.asked) == {DOMAIN}


def test_an_answer_that_repeats_it_is_held_back() -> None:
    base = names("v=spf1 include:%{l}.ok.example -all", ann__ok__example="v=spf1 include:Ann.of.example ?all")
    kept = recording(base, "ann")

    result = private(kept)

    assert result.cause is Cause.UNANSWERED
    assert [answer.source for answer in kept.answers if not answer.answered] == [HELD_BACK]
    assert "ann" not in repr(kept.answers).lower()
    assert private(recording(base, "nobody")).result is Result.PERMERROR


def test_the_name_that_is_asked_says_what_may_be_shown_of_it() -> None:
    seen = list[str]()

    class Watching(Names):
        async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
            seen.append(name.shown if isinstance(name, PrivateName) else name)
            return await super().resolve(name, rdtype)

    private(recording(Watching({DOMAIN: ("v=spf1 exists:%{l}.ok.example -all",)})))

    assert seen == [DOMAIN, "%{l}.ok.example"]
    assert "ann" not in repr(Telling(names(""), DOMAIN, "ann"))
