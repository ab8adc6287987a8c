"""Mails as they are kept: what was put into a mailbox comes out of it."""

from __future__ import annotations

import gzip
import io
import mailbox
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.intake.mailbox import Mail, mails, mails_of
from deliverability.intake.paths import expand
from deliverability.intake.streams import Limits, parts_of
from deliverability.intake.trouble import Refused, Troubles

SEPARATOR = b"From someone@example.com Sat Jan  3 01:05:34 2026"
ONE = b"Subject: one\n\nbody one\n"
TWO = b"Subject: two\n\nbody two\n"


def split(content: bytes, **limits: int) -> list[bytes]:
    return [mail.raw for mail in _mails(content, Limits(**limits))]


def _mails(content: bytes, limits: Limits | None = None, troubles: Troubles | None = None) -> list[Mail]:
    bounds = limits or Limits()
    parts = parts_of("box", io.BytesIO(content), bounds)
    return [mail for part in parts for mail in mails_of(part, bounds, troubles=troubles)]


def mbox(*raws: bytes, end: bytes = b"\n") -> bytes:
    return b"".join(SEPARATOR + end + raw + end for raw in raws)


texts = st.lists(
    st.sampled_from(
        [
            b"",
            b"From ",
            b"From here to there",
            b">From x",
            b">>From ",
            SEPARATOR,
            b"Subject: x",
            b"text",
            b" ",
            b"From: a@b",
        ]
    ),
    max_size=12,
)


@given(st.lists(texts, min_size=1, max_size=5), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_what_was_quoted_into_an_mbox_comes_out_of_it(bodies: list[list[bytes]], end: bytes) -> None:
    raws = [b"Subject: x" + end + end + b"".join(line + end for line in body) for body in bodies]
    quoted = [
        b"".join((b">" if line.lstrip(b">").startswith(b"From ") else b"") + line + end for line in raw.split(end)[:-1])
        for raw in raws
    ]

    assert split(mbox(*quoted, end=end)) == raws


@given(st.lists(texts, min_size=1, max_size=5))
def test_the_standard_library_s_mboxes_are_read(bodies: list[list[bytes]]) -> None:
    made = io.BytesIO()
    for body in bodies:
        made.write(b"From MAILER-DAEMON Sat Jan  3 01:05:34 2026\nSubject: x\n\n")
        made.write(b"".join((b">" if line.startswith(b"From ") else b"") + line + b"\n" for line in body) + b"\n")

    assert len(split(made.getvalue())) == len(bodies)


def test_a_mailbox_of_the_standard_library_has_as_many_mails_here(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for raw in (ONE, b"Subject: three\n\nFrom the start\n\nFrom a Sat Jan  3 01:05:34 2026\n", TWO):
        box.add(raw)
    box.close()

    read = list(mails(str(tmp_path / "box")))

    assert [mail.number for mail in read] == [1, 2, 3]
    assert read[0].raw == ONE
    assert b"\nFrom a Sat" in read[1].raw


@pytest.mark.parametrize(
    "line",
    [
        b"From the meeting on Jan 5 2019 we went on",
        b"From 10:30 on, in 2019, it was warm",
        b"From what I saw at 10:30 on Jan 5 2019",
        b"From now on",
        b"From: a@b.example",
        b"FROM a@b.example Sat Jan  3 01:05:34 2026",
    ],
)
def test_a_sentence_that_begins_with_from_is_no_separator(line: bytes) -> None:
    body = b"Subject: x\n\ntext\n\n" + line + b"\n"

    assert split(mbox(body)) == [body]


@pytest.mark.parametrize(
    "line",
    [
        b"From - Sat Jan 03 01:05:34 2026",
        b"From a@b.example Sat Jan 3 01:05 2026",
        b"From a@b.example  Sat Jan  3 01:05:34 +0100 2026",
        b"From MAILER-DAEMON Sat, 3 Jan 2026 01:05:34 +0100",
        b"From a@b.example 2026-01-03 01:05:34",
        b'From "john doe"@b.example Sat Jan  3 01:05:34 2026 remote from here',
        b"From  Sat Jan  3 01:05:34 2026",
        b"From a@b.example Jan  3 01:05:34 UTC 2026",
    ],
)
def test_the_forms_of_a_separator(line: bytes) -> None:
    assert split(mbox(ONE) + line + b"\n" + TWO) == [ONE, TWO]


def test_a_separator_stands_behind_an_empty_line() -> None:
    body = b"Subject: x\n\ntext\n" + SEPARATOR + b"\nmore\n"

    assert split(mbox(body)) == [body]


def test_an_mbox_that_ends_without_a_line_end_loses_nothing() -> None:
    assert split(mbox(ONE) + SEPARATOR + b"\n" + TWO[:-1]) == [ONE, TWO[:-1]]


@pytest.mark.parametrize("size", [1, 7, 500, 4096])
def test_where_the_file_is_cut_into_chunks_makes_no_difference(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    raws = [b"Subject: %d\n\n%s\n" % (number, b"line\n\n" * (number * 37 % 50)) for number in range(40)]
    monkeypatch.setattr("deliverability.intake.mailbox.CHUNK", size)

    assert split(mbox(*raws)) == raws


def test_a_mail_that_is_too_large_is_counted_and_the_others_are_read() -> None:
    troubles = Troubles()
    content = mbox(ONE, b"Subject: x\n\n" + b"x" * 10_000_000 + b"\n", TWO)

    tracemalloc.start()
    read = _mails(content, Limits(mail=1000), troubles)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert [(mail.number, mail.raw) for mail in read] == [(1, ONE), (3, TWO)]
    assert troubles.by_reason == {"mail-too-large": 1}
    assert "mail 2" in troubles.files[0].detail
    assert peak < 4_000_000


def test_without_troubles_a_refusal_is_raised() -> None:
    with pytest.raises(Refused, match="mail-too-large"):
        split(mbox(b"x" * 2000), mail=1000)
    with pytest.raises(Refused, match="too-large"):
        split(b"x" * 2000, mail=1000)


@pytest.mark.parametrize("raw", [b"", b"no header here", b"\n\nbody", b"\xff\xfe\x00", b"From: a@b\n\nx"])
def test_a_file_that_is_no_mbox_is_one_mail_as_it_is(raw: bytes) -> None:
    assert _mails(raw) == [Mail(name="box", raw=raw, number=None)]


def test_mails_are_found_in_folders_archives_and_compressed_mboxes(tmp_path: Path) -> None:
    (tmp_path / "box.gz").write_bytes(gzip.compress(mbox(ONE, TWO)))
    (tmp_path / "md" / "cur").mkdir(parents=True)
    (tmp_path / "md" / "cur" / "1").write_bytes(ONE)
    (tmp_path / "one.eml").write_bytes(TWO)
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("a.eml", ONE)
        archive.writestr("b.eml", TWO)

    read = [mail for path in expand([str(tmp_path)]) for mail in mails(path)]

    names = [(mail.name.removeprefix(str(tmp_path)), mail.number, mail.raw) for mail in read]
    assert names == [
        ("/box.gz", 1, ONE),
        ("/box.gz", 2, TWO),
        ("/one.eml", None, TWO),
        ("/some.zip!a.eml", None, ONE),
        ("/some.zip!b.eml", None, TWO),
        ("/md/cur/1", None, ONE),
    ]


def test_a_truncated_mbox_gives_its_mails_and_is_counted(tmp_path: Path) -> None:
    noise = b"".join(b"Subject: %d\n\n%d\n" % (number, number**9) + b"|" for number in range(3000)).split(b"|")[:-1]
    path = tmp_path / "box.gz"
    path.write_bytes(gzip.compress(mbox(*noise))[:10_000])
    troubles = Troubles()

    read = [mail.raw for mail in mails(str(path), troubles=troubles)]

    assert len(read) > 100
    assert read[:-1] == noise[: len(read) - 1]
    assert troubles.by_reason == {"truncated": 1}


def test_a_file_that_cannot_be_opened_is_counted(tmp_path: Path) -> None:
    troubles = Troubles()

    assert list(mails(str(tmp_path / "missing"), troubles=troubles)) == []
    assert troubles.by_reason == {"unreadable": 1}


def test_standard_input_is_a_mailbox_too() -> None:
    assert [mail.raw for mail in mails("-", stdin=io.BytesIO(mbox(ONE, TWO)))] == [ONE, TWO]
