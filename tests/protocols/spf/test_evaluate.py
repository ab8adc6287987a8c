"""check_host: the trace it leaves, the errors it tells apart, and that nothing makes it raise."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup.answer import Answer, Status
from deliverability.protocols.spf import Cause, CheckResult, Result, StepOutcome, check_host
from support.spf_zone import DictResolver, Zone

IP = "192.0.2.1"
SENDER = "someone@example.test"


def check(
    zone: Zone, *, ip: str = IP, sender: str = SENDER, helo: str = "mail.example.test", **more: Any
) -> CheckResult:
    return asyncio.run(check_host(DictResolver(zone), ip=ip, sender=sender, helo=helo, clock=lambda: 86400.9, **more))


def spf(text: str, **more: Sequence[str] | Status) -> dict[str, Sequence[str] | Status]:
    return {"TXT": [text], **more}


def test_the_trace_tells_term_by_term_what_was_asked() -> None:
    found = check(
        {
            "example.test": spf("v=spf1 a:gone.test include:esp.test -all"),
            "esp.test": spf("v=spf1 mx -all", MX=["10 mail.esp.test."]),
            "mail.esp.test": {"A": [IP]},
        }
    )

    assert found.result is Result.PASS
    assert found.cause is Cause.MATCH
    assert [(s.domain, s.term, s.depth, s.outcome.value, s.lookups, s.voids) for s in found.trace] == [
        ("example.test", "", 0, "match", 0, 0),
        ("example.test", "a:gone.test", 0, "no-match", 1, 1),
        ("example.test", "include:esp.test", 0, "match", 2, 1),
        ("esp.test", "mx", 1, "match", 3, 1),
    ]
    assert [(q.name, q.rdtype, q.status.value) for s in found.trace for q in s.asked] == [
        ("example.test", "TXT", "ok"),
        ("gone.test", "A", "nxdomain"),
        ("esp.test", "TXT", "ok"),
        ("esp.test", "MX", "ok"),
        ("mail.esp.test", "A", "ok"),
    ]
    span = found.trace[2].span
    assert span is not None
    assert "v=spf1 a:gone.test include:esp.test -all"[slice(*span)] == "include:esp.test"


@pytest.mark.parametrize(
    ("record", "result", "cause"),
    [
        ("v=spf1 -all v", Result.PERMERROR, Cause.SYNTAX),
        ("v=spf1 include:none.test -all", Result.PERMERROR, Cause.INCLUDE_WITHOUT_RECORD),
        ("v=spf1 include:a..test -all", Result.PERMERROR, Cause.INCLUDE_WITHOUT_RECORD),
        ("v=spf1 redirect=none.test", Result.PERMERROR, Cause.REDIRECT_WITHOUT_RECORD),
        ("v=spf1 redirect=a..test", Result.PERMERROR, Cause.REDIRECT_WITHOUT_RECORD),
        ("v=spf1 redirect=example.test", Result.PERMERROR, Cause.LOOKUP_LIMIT),
        ("v=spf1 a:a.none a:b.none a:c.none -all", Result.PERMERROR, Cause.VOID_LIMIT),
        ("v=spf1 a:a.none a:b.none exists:c.none -all", Result.PERMERROR, Cause.VOID_LIMIT),
        ("v=spf1 a:a.none a:b.none ptr -all", Result.PERMERROR, Cause.VOID_LIMIT),
        ("v=spf1 a:a.none a:b.none mx -all", Result.PERMERROR, Cause.VOID_LIMIT),
        ("v=spf1 a:a..none a:b..none a:c..none -all", Result.FAIL, Cause.MATCH),
        ("v=spf1 include:two.test -all", Result.PERMERROR, Cause.SEVERAL_RECORDS),
        ("v=spf1 include:silent.test -all", Result.TEMPERROR, Cause.UNANSWERED),
        ("v=spf1 a:silent.test +all", Result.TEMPERROR, Cause.UNANSWERED),
        ("v=spf1 ip4:192.0.2.1 a:silent.test", Result.PASS, Cause.MATCH),
        ("v=spf1 ?a:web.test", Result.NEUTRAL, Cause.NO_MATCH),
        ("v=spf1", Result.NEUTRAL, Cause.NO_MATCH),
    ],
)
def test_cause(record: str, result: Result, cause: Cause) -> None:
    found = check(
        {
            "example.test": spf(record),
            "two.test": {"TXT": ["v=spf1 -all", "v=spf1 ~all"]},
            "silent.test": {"*": Status.TIMEOUT},
            "web.test": {"A": ["192.0.2.9"]},
        }
    )

    assert (found.result, found.cause) == (result, cause)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (Status.NXDOMAIN, Result.NONE),
        (Status.NODATA, Result.NONE),
        (Status.SERVFAIL, Result.TEMPERROR),
        (Status.REFUSED, Result.TEMPERROR),
        (Status.TIMEOUT, Result.TEMPERROR),
    ],
)
def test_what_dns_says_of_the_record(status: Status, result: Result) -> None:
    assert check({"example.test": {"TXT": status}}).result is result


@pytest.mark.parametrize(
    "sender",
    [
        "@",
        "a@b",
        "a@[192.0.2.1]",
        "a@example..test",
        "a@" + "x" * 64 + ".test",
        "a@exa mple.test",
        "a@\x00.test",
        "a@.",
    ],
)
def test_a_malformed_domain_is_none(sender: str) -> None:
    found = check({"example.test": spf("v=spf1 -all")}, sender=sender)

    assert (found.result, found.cause, found.trace) == (Result.NONE, Cause.MALFORMED_DOMAIN, ())


@pytest.mark.parametrize(
    ("sender", "helo", "expected"),
    [
        ("", "mail.example.test", "postmaster@mail.example.test postmaster mail.example.test"),
        ("@example.test", "x.test", "postmaster@example.test postmaster example.test"),
        ("example.test", "x.test", "postmaster@example.test postmaster example.test"),
        ('"a@b"@example.test', "x.test", '"a@b"@example.test "a@b" example.test'),
        ("a@Example.Test.", "x.test", "a@Example.Test. a Example.Test."),
    ],
)
def test_who_the_sender_is(sender: str, helo: str, expected: str) -> None:
    zone: Zone = {
        "example.test": spf("v=spf1 -all exp=why.test"),
        "mail.example.test": spf("v=spf1 -all exp=why.test"),
        "why.test": {"TXT": ["%{s} %{l} %{o}"]},
    }

    assert check(zone, sender=sender, helo=helo).explanation == expected


def test_u_labels_are_looked_up_as_a_labels() -> None:
    zone: Zone = {"xn--bcher-kva.test": spf("v=spf1 a:%{h} -all"), "xn--mhre-5qa.test": {"A": [IP]}}

    assert check(zone, sender="a@bücher.test", helo="möhre.test").result is Result.PASS
    assert check(zone, sender="a@\ud800.test", helo="").result is Result.NONE


@pytest.mark.parametrize("ip", ["::ffff:192.0.2.1", "::ffff:c000:201"])
def test_a_mapped_address_is_ipv4(ip: str) -> None:
    assert check({"example.test": spf("v=spf1 -ip6:::/0 ip4:192.0.2.1 ?all")}, ip=ip).result is Result.PASS


def test_a_zone_index_is_not_of_the_client() -> None:
    assert check({"example.test": spf("v=spf1 ip6:fe80::/10 -all")}, ip="fe80::1%eth0").result is Result.PASS


@pytest.mark.parametrize("ip", ["", "192.0.2", "mail.example.test", "192.0.2.1/24"])
def test_no_address_is_the_callers_mistake(ip: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        check({}, ip=ip)


def test_the_explanation_is_asked_for_only_on_fail_and_expanded_with_all_letters() -> None:
    zone: Zone = {
        "example.test": spf("v=spf1 ~ip4:198.51.100.1 -all exp=%{l}.why.test"),
        "someone.why.test": {"TXT": ["%{c} %{r} %{t} %{p}"]},
    }

    assert check(zone, receiver="mx.here.test").explanation == "192.0.2.1 mx.here.test 86400 unknown"
    assert check(zone, ip="198.51.100.1", default_explanation="no").explanation is None


@pytest.mark.parametrize("texts", [["a", "b"], ["bücher"], ["%{x}"], ["tab\there"], [], ["%"]])
def test_an_unusable_explanation_is_as_none(texts: list[str]) -> None:
    zone: Zone = {"example.test": spf("v=spf1 -all exp=why.test"), "why.test": {"TXT": texts}}

    assert check(zone, default_explanation="told so").explanation == "told so"
    assert check(zone).explanation is None


def test_an_explanation_at_no_name_is_none() -> None:
    assert check({"example.test": spf("v=spf1 -all exp=a..test")}, default_explanation="x").explanation == "x"


REVERSE = "1.2.0.192.in-addr.arpa"


def test_ptr_asks_only_for_names_that_could_match_and_skips_errors() -> None:
    zone: Zone = {
        "example.test": spf("v=spf1 ptr -all"),
        REVERSE: {"PTR": ["a.other.test.", "b.notexample.test.", "bad.example.test.", "good.Example.test."]},
        "bad.example.test": {"A": Status.SERVFAIL},
        "good.example.test": {"A": [IP]},
    }
    resolver = DictResolver(zone)

    found = asyncio.run(check_host(resolver, ip=IP, sender=SENDER, helo="x.test"))
    assert found.result is Result.PASS
    assert set(resolver.asked) == {
        ("example.test", "TXT"),
        (REVERSE, "PTR"),
        ("bad.example.test", "A"),
        ("good.example.test", "A"),
    }


def test_ptr_looks_at_ten_names_only() -> None:
    names = [f"n{number:02}.example.test." for number in range(11)]
    zone: Zone = {
        "example.test": spf("v=spf1 ptr -all"),
        REVERSE: {"PTR": names},
        **{name: {"A": ["198.51.100.1"]} for name in names[:10]},
        names[10]: {"A": [IP]},
    }

    assert check(zone).result is Result.FAIL


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.SERVFAIL])
def test_ptr_without_an_answer_is_no_match(status: Status) -> None:
    assert check({"example.test": spf("v=spf1 ptr -all"), REVERSE: {"PTR": status}}).result is Result.FAIL


def test_empty_answers_behind_ptr_and_mx_count_as_void() -> None:
    names = ["a.example.test.", "b.example.test.", "c.example.test."]
    inner = {name: {"TXT": ["here"]} for name in names}

    by_ptr = check({"example.test": spf("v=spf1 ptr -all"), REVERSE: {"PTR": names}, **inner})
    by_mx = check({"example.test": spf("v=spf1 mx -all", MX=[f"1 {name}" for name in names]), **inner})
    assert by_ptr.cause is by_mx.cause is Cause.VOID_LIMIT


def test_a_null_mx_names_no_host() -> None:
    found = check({"example.test": spf("v=spf1 mx -all", MX=["0 ."])})

    assert found.result is Result.FAIL
    assert found.trace[1].voids == 0


def test_mail_hosts_are_asked_by_preference_until_one_matches() -> None:
    zone: Zone = {
        "example.test": spf("v=spf1 mx -all", MX=["10 a.test.", "9 b.test."]),
        "a.test": {"A": Status.SERVFAIL},
        "b.test": {"A": [IP]},
    }

    assert check(zone).result is Result.PASS


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["z.other.test.", "sub.example.test.", "example.test."], "example.test"),
        (["a.other.test.", "sub.example.test."], "sub.example.test"),
        (["a.other.test."], "a.other.test"),
        ([], "unknown"),
    ],
)
def test_the_validated_name_closest_to_the_domain(names: list[str], expected: str) -> None:
    zone: Zone = {
        "example.test": spf("v=spf1 -all exp=why.test", A=[IP]),
        "sub.example.test": {"A": [IP]},
        "a.other.test": {"A": [IP]},
        "z.other.test": {"A": [IP]},
        "why.test": {"TXT": ["%{p}"]},
        REVERSE: {"PTR": names},
    }

    assert check(zone).explanation == expected


class Silent:
    """Answers nothing below `name`, ever; the rest as the mapping says."""

    def __init__(self, name: str, zone: Zone) -> None:
        self._name, self._base = name, DictResolver(zone)

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        if name == self._name:
            await asyncio.Event().wait()
        return await self._base.resolve(name, rdtype)


def test_time_runs_out_as_temperror_with_the_trace_so_far() -> None:
    resolver = Silent("slow.test", {"example.test": spf("v=spf1 ip4:198.51.100.1 include:slow.test -all")})

    found = asyncio.run(check_host(resolver, ip=IP, sender=SENDER, helo="x.test", timeout=0.01))
    assert (found.result, found.cause) == (Result.TEMPERROR, Cause.TIMEOUT)
    assert [step.outcome for step in found.trace] == [
        StepOutcome.MATCH,
        StepOutcome.NO_MATCH,
        StepOutcome.UNFINISHED,
    ]


def test_a_slow_explanation_does_not_undo_the_fail() -> None:
    resolver = Silent("slow.test", {"example.test": spf("v=spf1 -all exp=slow.test")})

    found = asyncio.run(
        check_host(resolver, ip=IP, sender=SENDER, helo="x.test", timeout=0.01, default_explanation="x")
    )
    assert (found.result, found.explanation) == (Result.FAIL, "x")


def test_a_macro_bomb_is_cut_to_a_name() -> None:
    found = check({"example.test": spf("v=spf1 " + "exists:" + "%{d}." * 12000 + "test -all")})

    assert found.result is Result.FAIL


TERMS = [
    "a",
    "mx",
    "ptr",
    "include:%{l}.test",
    "exists:%{S}.%{h}",
    "ip4:0.0.0.0/0",
    "redirect=%{o}",
    "exp=%{p2r}",
    "-all",
]


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(TERMS)).map(" ".join)),
    st.text(),
    st.text(),
    st.sampled_from([IP, "2001:db8::1", "::ffff:1.2.3.4"]),
)
def test_nothing_makes_it_raise(record: str, sender: str, helo: str, ip: str) -> None:
    octets = record.encode("utf-8", "surrogatepass").decode("latin-1")

    for who in (SENDER, sender, f"{sender}@example.test"):
        found = check({"example.test": spf(f"v=spf1 {octets}", A=[IP])}, sender=who, helo=helo, ip=ip)
        assert found.result in Result
        assert found.explanation is None or found.result is Result.FAIL
