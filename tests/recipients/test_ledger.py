"""Rows that say the same are found whether they are held in memory or in a file."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.recipients.ledger import Ledger, Marks, key_of
from support.lists import small_disk

PAIRS = st.lists(st.tuples(st.integers(0, 40) | st.integers(2**64 - 40, 2**64 - 1), st.integers(0, 2**62)), max_size=60)


def ledger(pairs: list[tuple[int, int]], held: int) -> Ledger:
    found = Ledger(held)
    for key, value in pairs:
        found.add(key, value)
    return found


@pytest.mark.parametrize("held", [1, 3, 1000])
@given(PAIRS)
def test_a_row_that_repeats_an_earlier_one_is_found(held: int, pairs: list[tuple[int, int]]) -> None:
    found = ledger(pairs, held)
    repeats = [value for at, (key, value) in enumerate(pairs) if key in {earlier for earlier, _ in pairs[:at]}]

    assert sorted(found.repeats()) == sorted(repeats)
    assert len(found) == len(pairs)
    found.close()


@pytest.mark.parametrize("held", [2, 1000])
@given(PAIRS, PAIRS)
def test_what_another_has_too_is_found(held: int, ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> None:
    one, other = ledger(ours, held), ledger(theirs, 5)
    known = dict(theirs)

    assert sorted(one.met(other)) == sorted((value, known[key]) for key, value in ours if key in known)
    one.close()
    other.close()


@given(st.sets(st.integers(0, 200)))
def test_marks_are_a_set_of_rows(rows: set[int]) -> None:
    marks = Marks(201)
    for row in (*rows, *rows):
        marks.add(row)

    assert list(marks) == sorted(rows)
    assert marks.count == len(rows)
    assert {row for row in range(201) if row in marks} == rows


def test_a_key_has_64_bits() -> None:
    assert all(0 <= key_of(f"given.name{number}@example.com") < 2**64 for number in range(100))


def test_a_full_disk_names_the_folder_of_temporary_files() -> None:
    found = ledger([(number, number) for number in range(9)], held=10)

    with small_disk(100), pytest.raises(OSError, match="too large") as caught:
        found.add(9, 9)

    assert caught.value.filename == tempfile.gettempdir()
    found.close()
