"""The DMARC record, RFC 9989 §4.7 and §4.8, and the same text as RFC 7489 has it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deliverability.protocols.dmarc.record import Effect, Policy, ProblemKind, Reading, is_dmarc, parse, render
from deliverability.protocols.dmarc.uri import ReportUri, UriFault, parse_uris

NONE, QUARANTINE, REJECT = Policy
RUA = "rua=mailto:reports@example.test"


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1",
        "v=DMARC1;",
        "v=DMARC1; p=none",
        "v = DMARC1 ;p=none",
        "v\t=\tDMARC1\t;\tp=none",
        "V=DMARC1; p=none",  # RFC 9989 §4.8: "v" of the grammar matches in any case
        "v=DMARC1 ",
    ],
)
def test_a_record_is_known_by_its_version(text: str) -> None:
    assert is_dmarc(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " v=DMARC1; p=none",
        "v=dmarc1; p=none",
        "v=DMARC1 p=none",
        "v=DMARC1, p=none",
        "v=DMARC12; p=none",
        "v=DMARC2; p=none",
        "p=none; v=DMARC1",
        '"v=DMARC1; p=none"',
        "v=DMARC1\\; p=none",
        "v=spf1 -all",
        "google-site-verification=v=DMARC1",
        "v=DMARC1\xa0; p=none",
    ],
)
def test_anything_else_is_no_record_for_either_reader(text: str) -> None:
    assert not is_dmarc(text)
    assert parse(text).reading is None
    assert parse(text).legacy is None


def reading(text: str) -> Reading | None:
    return parse(text).reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=reject", (REJECT, REJECT, REJECT)),
        ("v=DMARC1; p=Reject; sp=NONE", (REJECT, NONE, NONE)),
        ("v=DMARC1; p=none; np=reject", (NONE, NONE, REJECT)),
        ("v=DMARC1; p=reject; sp=quarantine; np=none", (REJECT, QUARANTINE, NONE)),
        ("v=DMARC1; sp=none; p=reject", (REJECT, NONE, NONE)),
        ("v=DMARC1;p=quarantine;future=1", (QUARANTINE, QUARANTINE, QUARANTINE)),
    ],
)
def test_policies_fall_back_from_np_to_sp_to_p(text: str, expected: tuple[Policy, Policy, Policy]) -> None:
    found = reading(text)

    assert found is not None
    assert (found.p, found.sp, found.np) == expected
    assert not found.acts_as_none


@pytest.mark.parametrize(
    "tags", ["", "p=rejct", "p=", "sp=reject", "p=reject; sp=x", "p=reject; np=x", "p=reject; np="]
)
def test_a_bad_policy_tag_is_p_none_with_a_report_address_and_no_dmarc_without(tags: str) -> None:
    text = f"v=DMARC1; {tags}"

    assert reading(text) is None
    assert reading(f"{text}; {RUA}") == Reading(NONE, NONE, NONE, acts_as_none=True)
    assert reading(f"{text}; rua=reports@example.test") is None
    assert reading(f"{text}; rua=reports@example.test,https://example.test/dmarc") is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DMARC1; p=reject; np=none", (REJECT, REJECT, REJECT)),  # np is unknown there
        ("v=DMARC1; p=reject; sp=none; pct=30", (REJECT, NONE, NONE)),
        ("v=DMARC1; p=reject; np=x", (REJECT, REJECT, REJECT)),
        (f"v=DMARC1; {RUA}; p=reject", (NONE, NONE, NONE)),  # p must stand right behind v
        (f"v=DMARC1; p=x; {RUA}", (NONE, NONE, NONE)),
    ],
)
def test_the_older_reader(text: str, expected: tuple[Policy, Policy, Policy]) -> None:
    found = parse(text).legacy

    assert found is not None
    assert (found.p, found.sp, found.np) == expected


@pytest.mark.parametrize("tags", ["sp=none; p=reject", "p=x", "", "p=reject; sp=x"])
def test_the_older_reader_applies_nothing_without_a_second_p_or_a_report_address(tags: str) -> None:
    assert parse(f"v=DMARC1; {tags}").legacy is None


@pytest.mark.parametrize(
    ("value", "percent"), [("100", 100), ("0", 0), ("50", 50), ("101", 100), ("-1", 100), ("x", 100), ("", 100)]
)
def test_pct_is_for_the_older_reader_only(value: str, percent: int) -> None:
    record = parse(f"v=DMARC1; p=reject; pct={value}")

    assert record.legacy is not None
    assert record.legacy.pct == percent
    assert record.reading == Reading(REJECT, REJECT, REJECT)


def test_testing_is_for_the_newer_reader_only_and_leaves_the_policy_alone() -> None:
    record = parse("v=DMARC1; p=reject; t=Y")

    assert record.reading == Reading(REJECT, REJECT, REJECT, testing=True)
    assert record.legacy == Reading(REJECT, REJECT, REJECT)
    assert [policy.tested for policy in Policy] == [NONE, NONE, QUARANTINE]


def test_options_and_their_defaults() -> None:
    record = parse("v=DMARC1; p=none; adkim=S; aspf=s; fo=1:d:s; psd=n")
    defaults = parse("v=DMARC1; p=none; adkim=strict; aspf=; fo=0:1; psd=yes")

    assert (record.adkim, record.aspf, record.fo, record.psd) == ("s", "s", "1:d:s", "n")
    assert (defaults.adkim, defaults.aspf, defaults.fo, defaults.psd) == ("r", "r", "0", "u")
    assert record.problems == ()
    assert [(p.tag, p.found, p.effect, p.becomes) for p in defaults.problems] == [
        ("adkim", "strict", Effect.DEFAULT, "r"),
        ("aspf", "", Effect.DEFAULT, "r"),
        ("fo", "0:1", Effect.DEFAULT, "0"),
        ("psd", "yes", Effect.DEFAULT, "u"),
    ]


@pytest.mark.parametrize("value", ["0", "1", "d", "s", "d:s", "s:d:0", "1:s", "D:0"])
def test_fo_as_the_grammar_has_it(value: str) -> None:
    assert parse(f"v=DMARC1; p=none; fo={value}").problems == ()


@pytest.mark.parametrize("value", ["2", "0:1", "d:d", "d;s", "d,s", "d:", ":"])
def test_fo_as_it_has_it_not(value: str) -> None:
    assert parse(f"v=DMARC1; p=none; fo={value}").fo in {"0", "d"}
    assert parse(f"v=DMARC1; p=none; fo={value}").problems != ()


@pytest.mark.parametrize(
    ("text", "kind", "found", "effect", "becomes"),
    [
        ("v=DMARC1; p=none; fo:0", ProblemKind.MALFORMED, "fo:0", Effect.IGNORED, ""),
        ("v=DMARC1; p=none; 0", ProblemKind.MALFORMED, "0", Effect.IGNORED, ""),
        ("v=DMARC1; p=none; =x", ProblemKind.MALFORMED, "=x", Effect.IGNORED, ""),
        ("v=DMARC1; p=none;; adkim=r", ProblemKind.EMPTY, "", Effect.IGNORED, ""),
        ("v=DMARC1; p=none; rua=", ProblemKind.NO_VALUE, "rua=", Effect.LOST_REPORTS, ""),
        ("v=DMARC1; p=none; t=1", ProblemKind.VALUE, "1", Effect.DEFAULT, "n"),
        ("v=DMARC1; p=none; pct=all", ProblemKind.VALUE, "all", Effect.DEFAULT, "100"),
        ("v=DMARC1; p=none; p=reject", ProblemKind.DUPLICATE, "p=reject", Effect.READERS_DIFFER, "none"),
        ("v=DMARC1; p=none; p=None", ProblemKind.DUPLICATE, "p=None", Effect.IGNORED, "none"),
        ("v=DMARC1; p=none; x=caf\xc3\xa9", ProblemKind.CHARACTER, "caf\xc3\xa9", Effect.IGNORED, ""),
        ("v=DMARC1; p=none; rua=me@x.test", ProblemKind.URI, "me@x.test", Effect.LOST_REPORTS, ""),
        (f"v=DMARC1; p=none; {RUA},", ProblemKind.URI, "", Effect.IGNORED, ""),
        ("v=DMARC1", ProblemKind.MISSING, "v=DMARC1", Effect.NO_DMARC, ""),
        (f"v=DMARC1; {RUA}", ProblemKind.MISSING, f"v=DMARC1; {RUA}", Effect.ACTS_AS_NONE, "none"),
        ("v=DMARC1; p=rejct", ProblemKind.VALUE, "rejct", Effect.NO_DMARC, ""),
        ("v=DMARC1; p=", ProblemKind.NO_VALUE, "p=", Effect.NO_DMARC, ""),
        (f"v=DMARC1; p=reject; np=x; {RUA}", ProblemKind.VALUE, "x", Effect.ACTS_AS_NONE, "none"),
    ],
)
def test_each_fault_with_its_place_and_its_effect(
    text: str, kind: ProblemKind, found: str, effect: Effect, becomes: str
) -> None:
    [problem] = parse(text).problems

    assert (problem.kind, problem.effect, problem.becomes) == (kind, effect, becomes)
    assert text[slice(*problem.span)] == found


def test_every_tag_keeps_its_place() -> None:
    text = "v=DMARC1 ;  p = reject;sp=none ;"

    assert [
        (tag.name, tag.value, text[slice(*tag.span)], text[slice(*tag.value_span)]) for tag in parse(text).tags
    ] == [
        ("v", "DMARC1", "v=DMARC1", "DMARC1"),
        ("p", "reject", "p = reject", "reject"),
        ("sp", "none", "sp=none", "none"),
    ]


def test_the_tag_that_counts_is_the_first() -> None:
    record = parse("v=DMARC1; p=none; p=reject")

    assert record.tag("p") == record.tags[1]
    assert record.tag("sp") is None


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mailto:a@x.test", ("mailto", "a@x.test", "x.test", "", None)),
        ("MAILTO:a@X.Test.!10m", ("mailto", "a@X.Test.", "x.test", "10m", None)),
        ("mailto:a%2Cb%21@x.test", ("mailto", "a,b!@x.test", "x.test", "", None)),
        ("mailto:a@x.test?subject=dmarc", ("mailto", "a@x.test", "x.test", "", None)),
        ("https://Reports.x.test:8443/dmarc", ("https", "", "reports.x.test", "", None)),
        ("https://[2001:db8::1/", ("https", "", "", "", None)),
        ("urn:dmarc", ("urn", "", "", "", None)),
        ("a@x.test", ("", "", "", "", UriFault.NO_SCHEME)),
        ("", ("", "", "", "", UriFault.EMPTY)),
        ("!10m", ("", "", "", "10m", UriFault.EMPTY)),
        ("mailto: a@x.test", ("", "", "", "", UriFault.WHITE_SPACE)),
        ("mailto:a!b@x.test", ("", "", "", "", UriFault.CHARACTER)),
        ("mailto:a%zz@x.test", ("", "", "", "", UriFault.CHARACTER)),
        ("mailto:<a@x.test>", ("", "", "", "", UriFault.CHARACTER)),
        ("mailto:", ("mailto", "", "", "", UriFault.ADDRESS)),
        ("mailto:a", ("mailto", "", "", "", UriFault.ADDRESS)),
        ("mailto:@x.test", ("mailto", "", "", "", UriFault.ADDRESS)),
        ("mailto://a@x.test", ("mailto", "", "", "", UriFault.ADDRESS)),
        ("mailto:a%20b@x.test", ("mailto", "", "", "", UriFault.ADDRESS)),
    ],
)
def test_one_destination(uri: str, expected: tuple[str, str, str, str, UriFault | None]) -> None:
    [found] = parse_uris(uri)

    assert (found.scheme, found.address, found.host, found.size, found.fault) == expected


def test_destinations_keep_their_places() -> None:
    text = "v=DMARC1; p=none; rua = mailto:a@x.test , mailto:b@x.test,,b ; ruf=mailto:c@x.test"
    record = parse(text)

    assert [text[slice(*uri.span)] for uri in record.rua] == ["mailto:a@x.test", "mailto:b@x.test", "", "b"]
    assert [text[slice(*uri.span)] for uri in record.ruf] == ["mailto:c@x.test"]


LATIN = st.characters(max_codepoint=255)
PIECE = st.one_of(
    st.sampled_from(
        [
            "v=DMARC1",
            "p=none",
            "p=reject",
            "sp=",
            "np=x",
            RUA,
            "rua=,",
            "ruf=mailto:a!b@x",
            "fo=0:1",
            "t=y",
            "pct=7",
            " ",
            "",
        ]
    ),
    st.text(LATIN, max_size=20),
)
TEXT = st.one_of(
    st.text(LATIN), st.lists(PIECE, max_size=8).map(";".join), st.lists(PIECE).map(lambda p: "v=DMARC1;" + ";".join(p))
)


@given(TEXT)
@example("v=DMARC1;" + ";" * 3)
def test_no_text_is_too_much_and_every_span_is_inside(text: str) -> None:
    record = parse(text)

    uris: tuple[ReportUri, ...] = record.rua + record.ruf
    for start, end in [tag.span for tag in record.tags] + [p.span for p in record.problems] + [u.span for u in uris]:
        assert 0 <= start <= end <= len(text)
    assert all(text[slice(*tag.value_span)] == tag.value for tag in record.tags)
    assert all(text[slice(*uri.span)] == uri.text for uri in uris)
    assert record.text == text
    assert (record.reading is None and record.legacy is None) or is_dmarc(text)


@given(TEXT)
def test_written_out_again_a_record_says_the_same(text: str) -> None:
    record = parse(text)
    again = parse(render((tag.name, tag.value) for tag in record.tags))

    assert [(t.name, t.value) for t in again.tags] == [(t.name, t.value) for t in record.tags]
    if is_dmarc(text):
        assert (again.reading, again.legacy) == (record.reading, record.legacy)
        assert [uri.address for uri in again.rua] == [uri.address for uri in record.rua]


@given(st.text(LATIN))
def test_no_destination_is_too_much(value: str) -> None:
    for uri in parse_uris(value):
        assert value[slice(*uri.span)] == uri.text
        assert (uri.address == "") or "@" in uri.address
