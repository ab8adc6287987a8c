"""Policy discovery, RFC 9989 §4.10, and what a reader of RFC 7489 finds."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import Answer, RecordingResolver, ReplayResolver, Status, UnrecordedQuestion, ZoneResolver
from deliverability.protocols.dmarc import Discovery, discover
from deliverability.protocols.dmarc.discover import walk, walk_names
from support.vectors import Broken

RUA = "rua=mailto:dmarc@example.test"
LONG = "a.b.c.d.e.f.g.h.i.j.mail.example.test"


def world(zone: str, *broken: str) -> Broken:
    failures = [line.split() for line in broken]
    return Broken(
        ZoneResolver.from_text(zone, origin="."),
        tuple((Status(status.lower()), rdtype, name) for status, rdtype, name in failures),
    )


def found(zone: str, domain: str, *broken: str) -> Discovery:
    return asyncio.run(discover(world(zone, *broken), domain))


def txt(**records: str) -> str:
    """A zone of `_dmarc` records; `__` in a name stands for a dot."""
    return "".join(f'_dmarc.{name.replace("__", ".")}. TXT "{text}"\n' for name, text in records.items())


def summary(discovery: Discovery) -> tuple[str, str | None, str | None, str]:
    return discovery.status, discovery.policy, discovery.policy_domain, discovery.organizational_domain


def test_a_walk_is_at_most_eight_questions_and_jumps_to_seven_labels() -> None:
    assert walk_names("example.test") == ("example.test", "test")
    assert walk_names("1.2.3.4.5.6.7.8") == (
        "1.2.3.4.5.6.7.8", "2.3.4.5.6.7.8", "3.4.5.6.7.8", "4.5.6.7.8", "5.6.7.8", "6.7.8", "7.8", "8",
    )  # fmt: skip
    assert walk_names(LONG) == (
        LONG, "g.h.i.j.mail.example.test", "h.i.j.mail.example.test", "i.j.mail.example.test", "j.mail.example.test",
        "mail.example.test", "example.test", "test",
    )  # fmt: skip
    assert [answer.name for answer in found("", LONG).walk] == [f"_dmarc.{name}" for name in walk_names(LONG)]


@pytest.mark.parametrize(
    ("zone", "domain", "expected"),
    [
        # the author domain's own record, whatever stands above it
        (txt(example__test="v=DMARC1; p=reject"), "example.test", ("found", "reject", "example.test", "example.test")),
        (
            txt(a__example__test="v=DMARC1; p=none; sp=reject", example__test="v=DMARC1; p=reject"),
            "a.example.test",
            ("found", "none", "a.example.test", "example.test"),
        ),
        # the Organizational Domain's: sp for a name that exists, np for one that does not
        (
            txt(example__test="v=DMARC1; p=reject; sp=quarantine; np=none") + "a.example.test. A 192.0.2.1",
            "a.example.test",
            ("found", "quarantine", "example.test", "example.test"),
        ),
        (
            txt(example__test="v=DMARC1; p=reject; sp=quarantine; np=none"),
            "a.example.test",
            ("found", "none", "example.test", "example.test"),
        ),
        # an empty non-terminal exists
        (
            txt(example__test="v=DMARC1; p=reject; np=none") + "x.a.example.test. A 192.0.2.1",
            "a.example.test",
            ("found", "reject", "example.test", "example.test"),
        ),
        # a wildcard makes every name exist
        (
            txt(example__test="v=DMARC1; p=reject; np=none") + "*.example.test. MX 10 mail.example.test.",
            "a.example.test",
            ("found", "reject", "example.test", "example.test"),
        ),
        # a record in between is never used
        (
            txt(example__test="v=DMARC1; p=reject", b__example__test="v=DMARC1; p=none"),
            "a.b.example.test",
            ("found", "reject", "example.test", "example.test"),
        ),
        # unless it says that it is the Organizational Domain
        (
            txt(example__test="v=DMARC1; p=reject", b__example__test="v=DMARC1; p=none; psd=n"),
            "a.b.example.test",
            ("found", "none", "b.example.test", "b.example.test"),
        ),
        # the public suffix's, where the Organizational Domain has none
        (
            txt(test="v=DMARC1; p=none; sp=quarantine; np=reject; psd=y") + "example.test. A 192.0.2.1",
            "example.test",
            ("found", "quarantine", "test", "example.test"),
        ),
        (
            txt(test="v=DMARC1; p=none; sp=quarantine; np=reject; psd=y") + "example.test. A 192.0.2.1",
            "a.example.test",
            ("found", "reject", "test", "example.test"),
        ),
        (
            txt(test="v=DMARC1; p=reject; psd=y", example__test="v=DMARC1; p=none; sp=quarantine"),
            "a.b.example.test",
            ("found", "quarantine", "example.test", "example.test"),
        ),
        # a suffix asked about itself
        (txt(test="v=DMARC1; p=reject; psd=y"), "test", ("found", "reject", "test", "test")),
        # the record with the fewest labels, even a top-level domain's that does not say psd=y
        (
            txt(test="v=DMARC1; p=quarantine", example__test="v=DMARC1; p=reject"),
            "a.example.test",
            ("found", "quarantine", "test", "test"),
        ),
        # a name of more than eight labels: what the jump leaves out is not found
        (
            txt(h__i__j__mail__example__test="v=DMARC1; p=reject; psd=n", example__test="v=DMARC1; p=none"),
            LONG,
            ("found", "reject", "h.i.j.mail.example.test", "h.i.j.mail.example.test"),
        ),
        (
            txt(f__g__h__i__j__mail__example__test="v=DMARC1; p=reject; psd=n", example__test="v=DMARC1; p=none"),
            LONG,
            ("found", "none", "example.test", "example.test"),
        ),
        # other texts, and several records, are as if they were not there
        (
            txt(example__test="v=DMARC1; p=reject") + '_dmarc.example.test. TXT "stray"',
            "example.test",
            ("found", "reject", "example.test", "example.test"),
        ),
        (
            txt(example__test="v=DMARC1; p=reject", b__example__test="v=spf1 -all"),
            "a.b.example.test",
            ("found", "reject", "example.test", "example.test"),
        ),
        (
            txt(example__test="v=DMARC1; p=reject", a__example__test="v=DMARC1; p=none")
            + '_dmarc.a.example.test. TXT "v=DMARC1; p=quarantine"',
            "a.example.test",
            ("found", "reject", "example.test", "example.test"),
        ),
        (
            txt(example__test="v=DMARC1; p=reject") + '_dmarc.example.test. TXT "v=DMARC1; p=none"',
            "example.test",
            ("none", None, None, "example.test"),
        ),
        ('*.example.test. TXT "some text"', "example.test", ("none", None, None, "example.test")),
        ('*.example.test. TXT "some text"', "a.b.example.test", ("none", None, None, "a.b.example.test")),
        # a bad record at the name is not made good by the one above it
        (
            txt(a__example__test="v=DMARC1", example__test="v=DMARC1; p=reject"),
            "a.example.test",
            ("none", None, None, "example.test"),
        ),
        (
            txt(a__example__test=f"v=DMARC1; p=rejct; {RUA}", example__test="v=DMARC1; p=reject"),
            "a.example.test",
            ("found", "none", "a.example.test", "example.test"),
        ),
        (txt(example__test="v=DMARC1; sp=reject"), "a.example.test", ("none", None, None, "example.test")),
        (
            txt(example__test=f"v=DMARC1; p=reject; sp=x; {RUA}"),
            "a.example.test",
            ("found", "none", "example.test", "example.test"),
        ),
        ("", "a.example.test", ("none", None, None, "a.example.test")),
    ],
)  # fmt: skip
def test_which_policy_applies(zone: str, domain: str, expected: tuple[str, str | None, str | None, str]) -> None:
    assert summary(found(zone, domain)) == expected


def test_the_walk_goes_on_where_the_author_domain_has_a_record() -> None:
    zone = txt(a__example__test="v=DMARC1; p=none", example__test="v=DMARC1; p=reject; psd=n", test="v=DMARC1; p=none")

    assert [answer.name for answer in found(zone, "a.example.test").walk] == [
        "_dmarc.a.example.test",
        "_dmarc.example.test",
    ]


def test_the_text_that_applies_and_what_it_says() -> None:
    text = "v=DMARC1; p=quarantine; t=y"
    result = found(txt(example__test=text), "example.test")

    assert result.record == text
    assert result.parsed is not None
    assert result.policy == "quarantine"
    assert result.testing


def test_nothing_found_says_nothing() -> None:
    result = found(txt(example__test="v=DMARC1; t=y"), "example.test")

    assert (result.record, result.parsed, result.policy, result.policy_domain) == (None, None, None, None)
    assert not result.testing


@pytest.mark.parametrize("status", ["TIMEOUT", "SERVFAIL", "REFUSED"])
def test_no_answer_where_it_could_decide_is_temperror(status: str) -> None:
    zone = txt(example__test="v=DMARC1; p=reject")

    for name, domain in [("example.test", "example.test"), ("b.example.test", "a.b.example.test"), ("test", "a.test")]:
        result = found(zone, domain, f"{status} TXT _dmarc.{name}")
        assert result.status == "temperror"
        assert result.policy is None
        assert [answer.name for answer in result.unanswered] == [f"_dmarc.{name}"]


def test_no_answer_where_it_decides_nothing_changes_nothing() -> None:
    own = found(txt(a__example__test="v=DMARC1; p=reject"), "a.example.test", "TIMEOUT TXT _dmarc.example.test")
    stopped = found(txt(example__test="v=DMARC1; p=reject; psd=n"), "a.example.test", "TIMEOUT TXT _dmarc.test")

    assert (own.status, own.policy) == ("found", "reject")
    assert (stopped.status, stopped.policy) == ("found", "reject")


def test_existence_decides_only_where_sp_and_np_differ() -> None:
    broken = "TIMEOUT A a.example.test"
    same = found(txt(example__test="v=DMARC1; p=none; sp=reject"), "a.example.test", broken)
    different = found(txt(example__test="v=DMARC1; p=none; np=reject"), "a.example.test", broken)
    own = found(txt(a__example__test="v=DMARC1; p=none; np=reject"), "a.example.test", broken)

    assert [(r.status, r.exists) for r in (same, different, own)] == [
        ("found", None),
        ("temperror", None),
        ("found", None),
    ]
    assert [answer.rdtype for answer in different.unanswered] == ["A"]


def test_an_alias_to_nowhere_exists() -> None:
    zone = txt(example__test="v=DMARC1; p=reject; np=none") + "a.example.test. CNAME gone.example.test."

    assert found(zone, "a.example.test").exists is True
    assert found(zone, "a.example.test").policy == "reject"
    assert found(zone, "b.example.test").exists is False


def test_a_record_behind_an_alias_is_the_record() -> None:
    zone = '_dmarc.example.test. CNAME x.vendor.test.\nx.vendor.test. TXT "v=DMARC1; p=reject"'

    assert found(zone, "example.test").policy == "reject"


@pytest.mark.parametrize("domain", ["Example.TEST", "example.test.", "EXAMPLE.TEST."])
def test_case_and_final_dot_say_nothing(domain: str) -> None:
    result = found(txt(example__test="v=DMARC1; p=reject"), domain)

    assert (result.domain, result.policy) == ("example.test", "reject")


def test_u_labels_are_asked_for_as_a_labels() -> None:
    result = found('_dmarc.xn--bcher-kva.test. TXT "v=DMARC1; p=reject"', "Bücher.test")

    assert (result.domain, result.policy) == ("xn--bcher-kva.test", "reject")


def test_a_name_that_cannot_carry_the_label_has_no_record_and_the_walk_goes_on() -> None:
    long = ".".join(["x" * 60] * 4) + ".ab.test"
    assert 246 < len(long) <= 253

    result = found(txt(test="v=DMARC1; p=reject; sp=quarantine"), long)

    assert summary(result) == ("found", "quarantine", "test", "test")
    assert result.walk[0].name == f"_dmarc.{long.partition('.')[2]}"


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a..b", "a b.test", "*.test", "x" * 64 + ".test", "a." * 130 + "b", "\x00.test", "ü" * 70, "a@b"],
)
def test_a_text_that_is_no_name_has_no_policy(text: str) -> None:
    result = found("", text)

    assert (result.status, result.walk, result.exists) == ("none", (), None)
    assert result.organizational_domain == text
    assert result.legacy.status == "none"


@given(st.text())
def test_no_domain_text_raises(text: str) -> None:
    assert found(txt(test="v=DMARC1; p=reject"), text).status in {"found", "none"}


LABEL = st.sampled_from(["a", "b", "example", "test", "com"])
RECORD = st.sampled_from(
    [
        "v=DMARC1; p=reject", "v=DMARC1; p=none; sp=reject; np=quarantine", "v=DMARC1; p=none; psd=n",
        "v=DMARC1; p=quarantine; psd=y", f"v=DMARC1; {RUA}", "v=DMARC1", "other",
    ]
)  # fmt: skip
NAME = st.lists(LABEL, min_size=1, max_size=10).map(".".join)


@given(NAME, st.lists(st.tuples(NAME, RECORD), max_size=6))
def test_what_always_holds(domain: str, records: list[tuple[str, str]]) -> None:
    result = found("".join(f'_dmarc.{name}. TXT "{text}"\n' for name, text in records), domain)

    assert len(result.walk) <= 8
    assert (result.status == "found") == (result.policy is not None) == (result.record is not None)
    assert f".{domain}".endswith(f".{result.organizational_domain}")
    if result.policy_domain is not None:
        assert f".{result.organizational_domain}".endswith(f".{result.policy_domain}") or result.policy_domain == domain
    assert result.legacy.record is None or result.legacy.policy is not None


@pytest.mark.parametrize(
    ("zone", "domain", "expected"),
    [
        (txt(example__test="v=DMARC1; p=reject; pct=20"), "example.test", ("found", "reject", "example.test", 20)),
        (txt(example__test="v=DMARC1; p=reject; sp=none"), "a.b.example.test", ("found", "none", "example.test", 100)),
        (txt(example__test="v=DMARC1; p=reject; np=none"), "a.example.test", ("found", "reject", "example.test", 100)),
        (txt(example__test="v=DMARC1; sp=none; p=reject"), "example.test", ("none", None, None, 100)),
        (txt(b__example__test="v=DMARC1; p=reject; psd=n"), "a.b.example.test", ("none", None, None, 100)),
        # several records end it: the Organizational Domain is not asked
        (
            txt(a__example__test="v=DMARC1; p=none", example__test="v=DMARC1; p=reject")
            + '_dmarc.a.example.test. TXT "v=DMARC1; p=reject"',
            "a.example.test",
            ("none", None, None, 100),
        ),
        ("", "example.test", ("none", None, None, 100)),
    ],
)
def test_the_older_reader(zone: str, domain: str, expected: tuple[str, str | None, str | None, int]) -> None:
    legacy = found(zone, domain).legacy

    assert (legacy.status, legacy.policy, legacy.policy_domain, legacy.pct) == expected
    assert legacy.organizational_domain == "example.test"


def test_the_older_reader_goes_by_the_public_suffix_list_private_section_too() -> None:
    zone = txt(co__uk="v=DMARC1; p=reject", blogspot__com="v=DMARC1; p=reject")

    assert found(zone, "a.example.co.uk").legacy.organizational_domain == "example.co.uk"
    assert found(zone, "a.example.co.uk").organizational_domain == "co.uk"
    assert found(zone, "a.b.github.io").legacy.organizational_domain == "b.github.io"
    assert found(zone, "co.uk").legacy.organizational_domain == "co.uk"
    assert found(zone, "co.uk").legacy.policy == "reject"


def test_the_older_reader_asks_elsewhere_than_the_walk() -> None:
    # nine labels: the Organizational Domain below a six-label public suffix (*.compute.amazonaws.com.cn and the like)
    domain = "1.2.3.4.5.6.7.example.s3.dualstack.eu-central-1.amazonaws.com"
    legacy = found("", domain).legacy

    assert legacy.organizational_domain == "example.s3.dualstack.eu-central-1.amazonaws.com"
    assert [answer.name for answer in legacy.walk] == [f"_dmarc.{domain}", f"_dmarc.{legacy.organizational_domain}"]


@pytest.mark.parametrize("name", ["a.example.test", "example.test"])
def test_the_older_reader_has_temperror_too(name: str) -> None:
    assert found("", "a.example.test", f"SERVFAIL TXT _dmarc.{name}").legacy.status == "temperror"


def test_each_question_is_asked_once_and_all_at_once() -> None:
    asked: list[tuple[str, str]] = []
    gate = asyncio.Event()

    class Waiting:
        async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
            asked.append((name, rdtype))
            if len(asked) == 4:
                gate.set()
            await gate.wait()
            return Answer(name=name, rdtype=rdtype, status=Status.NXDOMAIN)

    asyncio.run(asyncio.wait_for(discover(Waiting(), "a.example.test"), 5))

    assert sorted(asked) == [
        ("_dmarc.a.example.test", "TXT"),
        ("_dmarc.example.test", "TXT"),
        ("_dmarc.test", "TXT"),
        ("a.example.test", "A"),
    ]


def test_what_a_recording_does_not_hold_is_said() -> None:
    recorder = RecordingResolver(world(txt(example__test="v=DMARC1; p=reject")))
    before = asyncio.run(discover(recorder, "example.test"))

    assert asyncio.run(discover(ReplayResolver(recorder.answers), "example.test")) == before
    with pytest.raises(UnrecordedQuestion):
        asyncio.run(discover(ReplayResolver(recorder.answers), "other.test"))


def test_a_walk_by_itself() -> None:
    zone = txt(example__test="v=DMARC1; p=reject")

    walked = asyncio.run(walk(world(zone, "TIMEOUT TXT _dmarc.test"), "a.example.test"))

    assert walked.organizational_domain == "example.test"
    assert [answer.name for answer in walked.unanswered] == ["_dmarc.test"]
