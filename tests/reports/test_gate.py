"""A gate at a terminal: the word first, then why and what to do, on one screen, in nobody else's control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deliverability.findings import Severity
from deliverability.gate.decide import of_audits
from deliverability.gate.model import Gate
from deliverability.reports.gate import MAX_REASONS, render
from deliverability.reports.layout import cells
from support import gates, samples

SCREEN = 50
"""Lines that a reader of a job's log takes in."""
SHOWN = {"closed": gates.closed, "open": gates.clean, "undetermined": gates.undetermined}


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("name", SHOWN)
def test_a_gate_says_the_word_why_and_what_to_do(width: int, name: str, golden: Callable[[str, str], None]) -> None:
    text = render(SHOWN[name](), width=width, color=False)

    assert max(map(cells, text.split("\n"))) <= width
    assert text.startswith(f"gate {name} · exit ")
    golden(f"gate-{name}-{width}.txt", text)


def test_verbose_shows_the_evidence_and_all_that_was_let_through(golden: Callable[[str, str], None]) -> None:
    golden("gate-closed-verbose-100.txt", render(gates.closed(), width=100, color=False, verbose=True))


def test_colour_is_for_terminals_alone() -> None:
    assert "\x1b" not in render(gates.closed(), width=80, color=False)
    assert "\x1b[1;31mclosed\x1b[0m" in render(gates.closed(), width=80, color=True)


@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_text_is_spelled_out(verbose: bool) -> None:
    text = render(gates.hostile(), width=80, color=False, verbose=verbose)

    assert {c for c in text if not c.isprintable()} == {"\n"}


def many(number: int) -> Gate:
    return gates.of([gates.fault(f"spf-{n}") for n in range(number)])


def test_many_reasons_stay_on_one_screen_and_the_rest_is_counted() -> None:
    text = render(many(500), width=80, color=False)

    assert len(text.splitlines()) <= SCREEN
    assert f"{500 - MAX_REASONS} more: -v shows all" in text
    assert "spf-499" not in text
    assert "spf-499" in render(many(500), width=80, color=False, verbose=True)


def test_many_domains_stay_on_one_screen_those_with_a_reason_first() -> None:
    audits = [gates.audit_of([], f"d{n}.test") for n in range(200)]
    gate = of_audits([*audits, gates.audit_of([gates.fault(subject="last.test")], "last.test")])

    text = render(gate, width=80, color=False)

    assert len(text.splitlines()) <= SCREEN
    assert text.splitlines()[1].strip().startswith("last.test")
    assert text.count("last.test") >= 2


def test_a_domain_is_named_with_who_is_to_be_told_of_it_and_so_is_each_reason_where_there_are_several() -> None:
    owned = replace(gates.closed(), owners={samples.DOMAIN: "post, 555-0100", "other.test": "x" * 400})
    two = replace(owned, audits=(*owned.audits, gates.audit_of([], "other.test")))

    assert "do not send · owner: post, 555-0100" in render(owned, width=80, color=False)
    told = render(two, width=80, color=False)
    assert told.count(f"{samples.DOMAIN} · owner: post, 555-0100") == sum(bool(r.domain) for r in two.reasons)
    assert f"{'x' * 99}…" in told.replace("\n", "").replace(" ", "")
    assert "x" * 400 in render(two, width=80, color=False, verbose=True).replace("\n", "").replace(" ", "")


def test_an_undecided_figure_says_what_would_settle_it() -> None:
    data = {"settles_at": 41_000, "denominator": 900, "of": "messages"}
    over = gates.fault("complaint-rate", case="over", severity=Severity.MEDIUM, data=data)

    text = render(gates.of([over]), width=80, color=False)

    assert text.startswith("gate open")
    assert "41,000 messages" in text


def test_the_gate_of_one_domain_does_not_name_it_at_each_reason() -> None:
    one = gates.of([gates.fault()])
    two = replace(one, audits=(*one.audits, gates.audit_of([], "other.test")))

    assert render(one, width=80, color=False).count(samples.DOMAIN) == 1
    assert render(two, width=80, color=False).count(samples.DOMAIN) == 2
