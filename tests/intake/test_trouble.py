"""What could not be read: counted, shown without addresses, and kept whole or not at all."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from deliverability.intake.trouble import MAX_EXAMPLES, MAX_TEXT, Bad, Refused, Troubles
from deliverability.privacy import Pseudonyms


def bad(number: int = 1, reason: str = "bad-row", text: str = "") -> Bad:
    return Bad(file="a.csv", line=number, reason=reason, detail="what is wrong", text=text)


def write(path: Path, rows: Iterable[Any]) -> None:
    with Troubles(rejects=path) as troubles:
        for row in rows:
            troubles.add(row)


def test_everything_is_counted_and_the_first_are_shown() -> None:
    troubles = Troubles()
    for number in range(100):
        troubles.add(bad(number, "one" if number % 3 else "two"))

    assert (troubles.count, troubles.by_reason) == (100, {"one": 66, "two": 34})
    assert [example.line for example in troubles.examples] == list(range(MAX_EXAMPLES))


def test_a_file_is_listed_however_many_rows_were_bad_before() -> None:
    troubles = Troubles()
    for number in range(100):
        troubles.add(bad(number))
    troubles.refuse("b.gz", Refused("truncated", "half of it"))

    assert troubles.files == (Bad(file="b.gz", reason="truncated", detail="half of it"),)


def test_no_address_and_no_control_character_is_kept() -> None:
    troubles = Troubles(Pseudonyms(b"key").scrub)
    troubles.add(
        Bad(file="a", line=1, reason="r", detail="<john@example.com>\x1b[31m", text="to john@example.com\nnext")
    )

    (kept,) = troubles.examples

    pseudonym = Pseudonyms(b"key").of("john@example.com")
    assert kept.detail == f"<{pseudonym}@example.com>\\x1b[31m"
    assert kept.text == f"to {pseudonym}@example.com\\x0anext"


@pytest.mark.parametrize("left", range(MAX_TEXT - 30, MAX_TEXT + 2))
def test_a_row_is_cut_where_no_address_is_cut_with_it(left: int) -> None:
    troubles = Troubles()
    troubles.add(bad(text="x " * (left // 2) + "," * (left % 2) + "john.doe@example.com " + "y" * 5000))

    (kept,) = troubles.examples

    assert "john" not in kept.text
    assert len(kept.text) <= MAX_TEXT + 20


def test_the_file_holds_every_one_of_them_once_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "rejects.ndjson"
    with Troubles(rejects=path) as troubles:
        for number in range(100):
            troubles.add(bad(number))
        assert not path.exists()

    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["line"] for row in rows] == list(range(100))
    assert rows[0] == {"file": "a.csv", "line": 0, "reason": "bad-row", "detail": "what is wrong", "text": ""}


def test_the_file_is_there_even_where_nothing_was_bad(tmp_path: Path) -> None:
    with Troubles(rejects=tmp_path / "rejects"):
        pass

    assert (tmp_path / "rejects").read_text() == ""


def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "rejects"
    path.write_text("old")

    with pytest.raises(AttributeError):
        write(path, [bad(), None])

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "rejects"

    with pytest.raises(OSError, match="No such file") as caught, Troubles(rejects=path):
        pass

    assert caught.value.filename == str(path)


def test_a_full_disk_names_the_file_and_leaves_no_part_of_it(tmp_path: Path) -> None:
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "rejects"
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="too large") as caught:
            write(path, map(bad, range(1000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handled)

    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []
