"""Key records: what they say, what is wrong with them and where, and what they were meant to be."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.protocols.dkim import Effect, ProblemKind, clean, parse
from deliverability.protocols.dkim.record import MAX_PROBLEMS, MAX_TAGS, is_attempt

ED = base64.b64encode(bytes(range(32))).decode()
GOOD = f"v=DKIM1; k=ed25519; p={ED}"

TAG_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,7}", fullmatch=True)
VALUES = st.lists(st.from_regex(r"[!-:<-~]{1,12}", fullmatch=True), max_size=3).map(" ".join)
OCTET_TEXT = st.text(st.characters(max_codepoint=255), max_size=200)
PASTED = st.lists(
    st.sampled_from(
        ["v=DKIM1", "k=rsa", "p=", ED, ";", "\\;", '"', " ", "\xa0", "\xc2\xa0", "\xe2\x80\x9c", "=", "t=y"]
    ),
    max_size=20,
).map("".join)


def kinds(text: str) -> list[tuple[ProblemKind, str]]:
    """The problems of a record, each with the characters it points at."""
    return [(problem.kind, text[slice(*problem.span)]) for problem in parse(text).problems]


def test_a_plain_record_is_read_with_the_place_of_every_tag() -> None:
    record = parse(f" v=DKIM1 ;\tk = ed25519; h=sha256 : sha1; s=email; t=s:y; n=hello; p={ED};")

    assert record.usable
    assert record.problems == ()
    assert (record.key_type, record.hashes, record.services) == ("ed25519", ("sha256", "sha1"), ("email",))
    assert record.flags == ("s", "y")
    assert [record.text[slice(*tag.span)] for tag in record.tags][:2] == ["v=DKIM1", "k = ed25519"]
    assert [record.text[slice(*tag.value_span)] for tag in record.tags][:2] == ["DKIM1", "ed25519"]


def test_a_note_may_hold_quotation_marks_and_odd_characters_harm_nobody_there() -> None:
    record = parse(f'{GOOD}; n="June" \\o/; t=s"; x=\xe9')

    assert record.usable
    assert [(problem.kind, problem.effect) for problem in record.problems] == [
        (ProblemKind.PASTED_QUOTES, Effect.ACCEPTED),
        (ProblemKind.STRAY_CHARACTER, Effect.ACCEPTED),
    ]


def test_a_damaged_character_explains_what_else_is_wrong_with_its_tag_alone() -> None:
    assert kinds(f'v="DKIM1"; k=rsa; k=ed25519; p={ED[:-1]}') == [
        (ProblemKind.PASTED_QUOTES, '"'),
        (ProblemKind.PASTED_QUOTES, '"'),
        (ProblemKind.DUPLICATE_TAG, "k=ed25519"),
        (ProblemKind.BAD_KEY, ED[:-1]),
        (ProblemKind.BAD_PADDING, ED[:-1]),
    ]


def test_a_tag_is_found_by_its_exact_name() -> None:
    record = parse("v=DKIM1; P=x; p=")

    tag = record.tag("p")
    assert tag is not None
    assert tag.value == ""
    assert record.tag("k") is None


def test_what_is_not_said_has_its_default() -> None:
    record = parse("p=")

    assert (record.key_type, record.hashes, record.services, record.flags) == ("rsa", None, ("*",), ())
    assert record.revoked
    assert not record.usable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=DKIM2; p=", [(ProblemKind.BAD_VERSION, "DKIM2")]),
        (f"k=ed25519; v=DKIM1; p={ED}", [(ProblemKind.VERSION_NOT_FIRST, "v=DKIM1")]),
        (f"{GOOD}; k=rsa", [(ProblemKind.DUPLICATE_TAG, "k=rsa")]),
        (f"v=DKIM1; 1k=rsa; {GOOD[9:]}", [(ProblemKind.MALFORMED_TAG, "1k=rsa")]),
        (f"v=DKIM1;;{GOOD[8:]}", [(ProblemKind.EMPTY_TAG, ";")]),
        ("v=DKIM1; k=rsa", [(ProblemKind.MISSING_KEY, "")]),
        ('v=DKIM1; p="AAAA"', [(ProblemKind.PASTED_QUOTES, '"'), (ProblemKind.PASTED_QUOTES, '"')]),
        (r"v=DKIM1\; p=", [(ProblemKind.ESCAPED_SEMICOLON, r"\;")]),
        ("v=DKIM1;\xc2\xa0p=", [(ProblemKind.NO_BREAK_SPACE, "\xc2\xa0")]),
        ("v=DKIM1;\xa0p=", [(ProblemKind.NO_BREAK_SPACE, "\xa0")]),
        ("v=DKIM1; p=AA\x07AA", [(ProblemKind.STRAY_CHARACTER, "\x07")]),
        (f"{GOOD[:-10]} {GOOD[-10:]}", [(ProblemKind.KEY_WHITESPACE, " ")]),
        ("v=DKIM1; p=A*AA", [(ProblemKind.BAD_BASE64, "A*AA")]),
        ("v=DKIM1; p=AA=A", [(ProblemKind.BAD_BASE64, "AA=A")]),
        ("v=DKIM1; p=AAAAA", [(ProblemKind.BAD_BASE64, "AAAAA")]),
        (GOOD.removesuffix("="), [(ProblemKind.BAD_PADDING, ED.removesuffix("="))]),
        (f"{GOOD}=", [(ProblemKind.BAD_PADDING, f"{ED}=")]),
        ("v=DKIM1; p=AAAA", [(ProblemKind.BAD_KEY, "AAAA")]),
        (f"{GOOD}; g=joe", [(ProblemKind.OLD_GRANULARITY, "g=joe")]),
        (" s1._domainkey.esp.example. ", [(ProblemKind.TARGET_IN_TXT, "s1._domainkey.esp.example.")]),
        (" hello ", [(ProblemKind.NOT_A_KEY, "hello")]),
        ("", [(ProblemKind.NOT_A_KEY, "")]),
    ],
)
def test_a_problem_points_at_the_characters_it_is_about(text: str, expected: list[tuple[ProblemKind, str]]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text", ["v=spf1 -all", "v=DMARC1; p=none", "v=STSv1; id=1", "google-site-verification=x", "ip=192.0.2.1", "MS=ms1"]
)
def test_text_of_other_kinds_is_no_key(text: str) -> None:
    assert not parse(text).is_key


@pytest.mark.parametrize("text", ["p=", '"p=', "k=rsa; p=x", "V=dkim1", "  v = DKIM1", "v=DKIM1\\; p=", '"v=DKIM1'])
def test_text_that_means_to_be_a_key_is_one(text: str) -> None:
    assert is_attempt(text)


@given(st.dictionaries(TAG_NAMES, VALUES, min_size=1, max_size=6))
def test_what_was_written_is_read_back(tags: dict[str, str]) -> None:
    written = {"v": "DKIM1", "p": ""} | {k: v for k, v in tags.items() if k not in {"v", "p"}}
    text = "; ".join(f"{name}={value}" for name, value in written.items())

    record = parse(text)

    assert {tag.name: tag.value for tag in record.tags} == written
    assert record.render() == text
    assert parse(record.render()) == record


@given(OCTET_TEXT | PASTED)
def test_no_text_is_too_odd_to_read(text: str) -> None:
    record = parse(text)

    assert all(0 <= start <= end <= len(text) for start, end in (problem.span for problem in record.problems))
    assert not (record.usable and any(problem.effect is Effect.REFUSED for problem in record.problems))
    assert not (record.usable and record.revoked)
    assert record.is_key or not record.tags


@given(OCTET_TEXT | PASTED)
def test_a_repair_is_a_key_without_problems_or_none_at_all(text: str) -> None:
    repaired = clean(text)

    if repaired is not None:
        assert repaired != text
        assert parse(repaired).usable
        assert parse(repaired).problems == ()
        assert clean(repaired) is None


@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.sampled_from(['"', "\\", "\xe2\x80\x8b", "\xe2\x80\x9c"])),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_was_pasted_in_is_taken_out_again(insertions: list[tuple[int, str]]) -> None:
    text = GOOD
    for place, character in sorted(insertions, reverse=True):
        text = text[:place] + character + text[place:]

    assert not parse(text).usable
    assert clean(text) == GOOD


@given(st.lists(st.integers(1, len(ED) - 1), min_size=1, max_size=4), st.sampled_from([" ", "\t", "\xa0", "\xc2\xa0"]))
def test_spaces_in_the_key_are_taken_out_again(places: list[int], space: str) -> None:
    key = ED
    for place in sorted(places, reverse=True):
        key = key[:place] + space + key[place:]

    assert clean(f"v=DKIM1; k=ed25519; p={key}") == GOOD


@pytest.mark.parametrize(
    "unit", [";", "a=;", '"', "\\;", "p=", " ", "\xa0", "\xe2", "v=DKIM1;", "a.", "p ", "v ", "=", "p=A ", "\xc2\xa0;"]
)
def test_a_record_as_large_as_dns_allows_is_read_at_once(unit: str) -> None:
    text = ("v=DKIM1; p=AAAA;" + unit * 65_535)[:65_535]
    started = time.process_time()

    problems = [problem for start in ("", "v=DKIM1; ") for problem in parse(start + text).problems]
    clean(text)

    assert len(problems) <= 2 * MAX_PROBLEMS
    assert time.process_time() - started < 2


def test_where_nothing_is_wrong_there_is_nothing_to_mend() -> None:
    assert clean(GOOD) is None
    assert clean(f" {GOOD} ; ") is None


def test_more_tags_than_anybody_writes_are_not_read() -> None:
    record = parse("v=DKIM1; p=; " + "; ".join(f"a{n}=1" for n in range(MAX_TAGS)))

    assert not record.revoked
    assert [(problem.kind, problem.detail) for problem in record.problems] == [(ProblemKind.MALFORMED_TAG, "too_many")]
