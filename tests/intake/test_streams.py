"""Files as streams: what they are shows in their first bytes, and no file costs more than its content is worth."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import zstandard
from hypothesis import assume, given
from hypothesis import strategies as st

from deliverability.intake.streams import Kind, Limits, Part, lines, open_stream, parts_of
from deliverability.intake.trouble import Refused, Troubles

MIB = 1 << 20
NOISE = random.Random(1952).randbytes(MIB)
"""Octets that no method makes smaller."""


def contents(path: Path, limits: Limits | None = None) -> dict[str, bytes | str]:
    """What each part holds, or the word it is refused with."""
    return {part.name.removeprefix(str(path)): _content(part) for part in open_stream(str(path), limits or Limits())}


def _content(part: Part) -> bytes | str:
    try:
        return b"".join(iter(lambda: part.stream.read(100_000), b""))
    except Refused as refused:
        return refused.reason


def refusal(path: Path, limits: Limits | None = None) -> str:
    """The word with which the file, or its only part, is refused."""
    try:
        (answer,) = contents(path, limits).values()
    except Refused as refused:
        return refused.reason
    assert isinstance(answer, str), "it was read"
    return answer


def read_until_refused(path: Path) -> tuple[bytes, str]:
    """What could be read of a broken file, and why the rest could not."""
    held = bytearray()
    try:
        for part in open_stream(str(path)):
            while data := part.stream.read(1000):
                held += data
    except Refused as refused:
        return bytes(held), refused.reason
    raise AssertionError("it was read to its end")


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


PACKERS: dict[Kind, Callable[[bytes], bytes]] = {
    Kind.PLAIN: bytes,
    Kind.GZIP: gzip.compress,
    Kind.ZSTD: zstandard.ZstdCompressor().compress,
}


@contextmanager
def at_most(mebibytes: int) -> Generator[None]:
    """Fails where more memory than that is taken inside."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < mebibytes * MIB


@pytest.mark.parametrize("kind", list(PACKERS))
@pytest.mark.parametrize("name", ["a.gz", "a.zip", "a.txt"])
def test_the_kind_shows_in_the_first_bytes_and_never_in_the_name(tmp_path: Path, kind: Kind, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACKERS[kind](b"content"))

    (part,) = open_stream(str(path))

    assert part.kind is kind


@given(content=st.binary(max_size=300_000), kind=st.sampled_from(list(PACKERS)), size=st.integers(1, 200_000))
def test_what_was_packed_comes_out_whatever_is_asked_for_at_once(content: bytes, kind: Kind, size: int) -> None:
    packed = PACKERS[kind](content)
    assume(not content.startswith((b"\x1f\x8b", b"PK", b"\x28\xb5")))
    got = b""

    for part in parts_of("a", io.BytesIO(packed)):
        while data := part.stream.read(size):
            got += data
        assert part.octets == len(content)

    assert got == content


@pytest.mark.parametrize("kind", [Kind.GZIP, Kind.ZSTD])
def test_members_one_after_another_are_one_content(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKERS[kind](b"one ") + PACKERS[kind](b"") + PACKERS[kind](b"two"))

    assert contents(path) == {"": b"one two"}


def test_padding_after_a_gzip_member_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"one") + b"\0" * 512)

    assert contents(path) == {"": b"one"}


@pytest.mark.parametrize("kind", [Kind.GZIP, Kind.ZSTD])
def test_a_truncated_file_gives_what_is_there_and_then_says_so(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKERS[kind](NOISE)[: MIB // 2])

    held, reason = read_until_refused(path)

    assert reason == "truncated"
    assert len(held) > MIB // 4
    assert NOISE.startswith(held)


def test_the_lines_of_a_truncated_file_are_read_before_it_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a"
    rows = b"".join(b"%s\n" % NOISE[i : i + 20].hex().encode() for i in range(0, 40_000, 20))
    path.write_bytes(gzip.compress(rows)[:20_000])
    troubles = Troubles()

    read = [line for part in open_stream(str(path)) for _, line in lines(part, troubles)]

    assert len(read) > 500
    assert troubles.by_reason == {"truncated": 1}


@pytest.mark.parametrize("kind", [Kind.GZIP, Kind.ZSTD])
def test_a_file_that_is_damaged_is_refused(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "a"
    packed = bytearray(PACKERS[kind](b"some text " * 1000))
    packed[len(packed) // 2 :] = b"\xff" * (len(packed) - len(packed) // 2)
    path.write_bytes(packed)

    assert read_until_refused(path)[1] in {"corrupt", "truncated"}


def test_a_gzip_file_with_the_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"text")[:-8] + b"\0" * 8)

    assert read_until_refused(path)[1] == "corrupt"


@pytest.mark.parametrize("kind", [Kind.GZIP, Kind.ZSTD])
def test_a_bomb_is_refused_early(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[kind](b" " * (100 * MIB)))

    with at_most(24):
        held, reason = read_until_refused(path)

    assert reason == f"{kind}-bomb"
    assert len(held) <= 2 * MIB


def test_a_bomb_in_a_zip_archive_is_refused_and_the_other_members_are_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"bomb": b" " * (100 * MIB), "good": b"content"})

    with at_most(8):
        assert contents(path) == {"!bomb": "zip-bomb", "!good": b"content"}


def test_a_zip_member_that_says_it_is_small_is_no_larger(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"liar": b" " * (100 * MIB)})
    packed = path.read_bytes()
    path.write_bytes(packed.replace((100 * MIB).to_bytes(4, "little"), (1000).to_bytes(4, "little")))

    with at_most(8):
        assert contents(path) == {"!liar": "corrupt"}


def test_members_that_are_modest_alone_have_a_bound_together(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"m": b"x" * (2 * MIB) + NOISE[:20_000]})
    packed = path.read_bytes()
    start, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    directory = packed[start:end] * 20  # all of them lead to the same octets
    tail = packed[end : end + 12] + len(directory).to_bytes(4, "little") + packed[end + 16 :]
    path.write_bytes(packed[:start] + directory + tail)

    read = [_content(part) for part in open_stream(str(path))]

    assert len(read) == 20
    assert read[-1] in {"zip-bomb", "corrupt"}  # later Pythons see by themselves that members overlap


def test_compression_of_an_ordinary_log_is_no_bomb(tmp_path: Path) -> None:
    rows = b"".join(b'{"event":"delivered","id":"%016x"}\n' % (number * 7919) for number in range(60_000))
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(rows))

    assert contents(path) == {"": rows}


@pytest.mark.parametrize("kind", list(PACKERS))
def test_no_part_is_larger_than_the_limit(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKERS[kind](NOISE))

    assert refusal(path, Limits(octets=MIB - 1)) == "too-large"
    assert contents(path, Limits(octets=MIB + 1000)) == {"": NOISE}  # gzip makes noise some octets larger


def test_a_zip_member_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "a", {"m": b"x" * 5000}), Limits(octets=4999)) == "too-large"


def test_members_of_a_zip_archive_are_opened_in_turn(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip",
        {
            "plain": b"one",
            "folder/": b"",
            "folder/packed": gzip.compress(b"two"),
            "__MACOSX/folder/._packed": b"clutter",
            ".DS_Store": b"clutter",
            "empty": b"",
        },
    )

    assert contents(path) == {"!plain": b"one", "!folder/packed": b"two", "!empty": b""}


def test_an_archive_in_an_archive_is_opened_and_no_deeper_one(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner", {"m": b"content"}).read_bytes()
    deep = zipped(tmp_path / "deep", {"m": gzip.compress(b"content")}).read_bytes()
    path = zipped(tmp_path / "a", {"in.zip": inner, "deep.zip": deep, "good": b"one"})

    assert contents(path) == {"!in.zip!m": b"content", "!deep.zip!m": "nested-too-deep", "!good": b"one"}


def test_gzip_in_gzip_is_opened_twice_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(gzip.compress(b"content")))
    assert contents(path) == {"": b"content"}

    path.write_bytes(gzip.compress(gzip.compress(gzip.compress(b"content"))))
    assert refusal(path) == "nested-too-deep"


def test_an_encrypted_member_is_refused_by_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"secret": b"x" * 50, "good": b"content"})
    packed = bytearray(path.read_bytes())
    packed[6] |= 1  # the flag of the first member, in its own header
    entry = packed.find(b"PK\x01\x02")
    packed[entry + 8] |= 1  # and in the directory
    path.write_bytes(packed)

    assert contents(path) == {"!secret": "encrypted", "!good": b"content"}


def test_a_method_that_is_not_deflate_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"m": b"content"}, zipfile.ZIP_LZMA)

    assert refusal(path) == "unsupported-compression"


def test_too_many_members_are_refused_before_one_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {str(number): b"" for number in range(30)})

    assert refusal(path, Limits(members=29)) == "too-many-members"
    assert len(contents(path, Limits(members=30))) == 30


def test_a_directory_of_endless_entries_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "a"
    entry = b"PK\x01\x02" + b"\0" * 42
    directory = entry * 200_000
    end = b"PK\x05\x06" + b"\0" * 8 + len(directory).to_bytes(4, "little") + b"\0" * 6
    path.write_bytes(b"PK\x03\x04" + directory + end)

    with at_most(40):
        assert refusal(path) == "too-many-members"
    with at_most(2):
        assert refusal(path, Limits(members=100)) == "too-many-members"


def test_a_zip_archive_without_its_end_is_truncated(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", {"m": NOISE})
    path.write_bytes(path.read_bytes()[:-30])

    assert refusal(path) == "truncated"


@given(st.binary(max_size=200))
def test_whatever_follows_the_mark_of_an_archive_nothing_else_is_raised(rest: bytes) -> None:
    for head in (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"):
        try:
            for part in parts_of("a", io.BytesIO(head + rest)):
                part.stream.read()
        except Refused:
            continue


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    assert refusal(tmp_path / "missing") == "unreadable"


def test_a_link_that_leads_to_itself_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert refusal(tmp_path / "loop") == "unreadable"


def test_an_empty_file_is_one_part_without_content(tmp_path: Path) -> None:
    (tmp_path / "a").touch()

    assert contents(tmp_path / "a") == {"": b""}


class _Pipe(io.RawIOBase):
    """Gives one octet at a time, and cannot be moved about in."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._content.read(1)
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize("kind", [*PACKERS, Kind.ZIP])
def test_standard_input_is_read_as_a_file_is(tmp_path: Path, kind: Kind) -> None:
    packed = zipped(tmp_path / "a", {"m": b"content"}).read_bytes() if kind is Kind.ZIP else PACKERS[kind](b"content")

    parts = open_stream("-", stdin=cast("BinaryIO", _Pipe(packed)))

    assert [(part.name, part.stream.read()) for part in parts] == [("-!m" if kind is Kind.ZIP else "-", b"content")]


def test_a_closed_standard_input_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(Refused, match="unreadable"):
        list(open_stream("-"))


def test_without_the_extra_a_zstd_file_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACKERS[Kind.ZSTD](b"content"))
    monkeypatch.setitem(sys.modules, "zstandard", None)

    with pytest.raises(Refused, match=r"pip install 'deliv\[events\]'"):
        list(open_stream(str(path)))


def test_zstandard_is_imported_where_there_is_such_a_file_and_only_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(b"x"))
    script = (
        "import sys; from deliverability.intake.streams import open_stream\n"
        f"for part in open_stream({str(tmp_path / 'a')!r}): part.stream.read()\n"
        "sys.exit('zstandard' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_line_that_is_too_long_costs_nothing_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"first\n" + b"x" * (40 * MIB) + b"\nthird\n")
    troubles = Troubles()

    with at_most(12):
        read = [pair for part in open_stream(str(path)) for pair in lines(part, troubles)]

    assert read == [(1, b"first\n"), (3, b"third\n")]
    assert [(bad.line, bad.reason) for bad in troubles.examples] == [(2, "line-too-long")]


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20), st.booleans())
def test_every_line_is_read_or_counted(rows: list[bytes], ends: bool) -> None:
    content = b"\n".join(rows) + (b"\n" if ends else b"")
    troubles = Troubles()
    (part,) = parts_of("a", io.BytesIO(b"-\n" + content), Limits(line=10))

    read = dict(lines(part, troubles))

    expected = (b"-\n" + content).splitlines(keepends=True) if b"\r" not in content else None
    if expected is not None and not set(content) & set(b"\v\f\x1c\x1d\x1e\x85"):
        assert list(read.values()) == [line for line in expected if len(line.rstrip(b"\n")) <= 10]
        assert len(read) + troubles.count == len(expected)


def test_a_stream_is_iterated_by_lines(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one\ntwo")

    assert [line for part in open_stream(str(path)) for line in part.stream] == [b"one\n", b"two"]


def test_the_whole_of_a_stream_has_a_bound_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1000)

    assert [part.stream.whole(1000) for part in open_stream(str(path))] == [b"x" * 1000]
    with pytest.raises(Refused, match="too-large"):
        [part.stream.whole(999) for part in open_stream(str(path))]
