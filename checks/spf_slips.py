"""Is that good? Slips of the hand in the SPF record."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from deliverability.checks._check import Judgements, check, failed, not_applicable, passed
from deliverability.checks._spf import MOST_ROWS, brief, mending_of, replacement, with_answer
from deliverability.findings import Action, Evidence, Judgement, RecordChange, Severity
from deliverability.protocols.spf.facts import SpfFacts
from deliverability.sources import rfc

if TYPE_CHECKING:
    from deliverability.protocols.spf.slips import Mending, Slip


@check(
    "spf-human-errors",
    Severity.CRITICAL,
    rfc(7208, "4.6.1"),
    rfc(7208, "12"),
    titles={
        "pass": "No slip of the hand is known in the record",
        "fail": "{count} {count:slip|slips} of the hand: `{written}` {instead}",
        "lost": "Receivers ignore `{written}`, which {instead}",
        "stray": "Beside the SPF record stands a text that was meant as another: `{written}`",
    },
    fixes={
        "lost": "Write the marked terms as proposed, so that receivers see them.",
        "stray": "Delete the stray text, or merge what it should say into the record.",
    },
)
@with_answer
def spf_human_errors(spf: SpfFacts) -> Judgements:
    """The record holds none of the slips that people make when they type or paste one.

    Why it matters: receivers do not guess. A misspelt term costs the whole record, or is lost in silence.

    How to fix: publish the record with the marked pieces written as proposed.
    """
    texts = spf.records if len(spf.records) == 1 else () if spf.records else spf.near_misses[:1]
    for text in texts:
        mending = mending_of(text)
        if mending.slips:
            return _slipped(spf, text, mending)
    if spf.records and spf.near_misses:
        stray = spf.near_misses[0]
        change = RecordChange(Action.REMOVE, spf.domain, "TXT", old=stray)
        rows = (Evidence("spf_term", spf.domain, "TXT", stray, (0, len(stray))),)
        records = () if spf.answer.cname_chain else (change,)
        return failed(case="stray", severity=Severity.LOW, evidence=rows, records=records, written=brief(stray))
    return passed() if texts else not_applicable()


def _slipped(spf: SpfFacts, text: str, mending: Mending) -> Judgement:
    legal = spf.record is not None and not spf.record.faults
    first = mending.slips[0]
    return failed(
        case="lost" if legal else "fail",
        severity=_lost_severity(mending.slips) if legal else None,
        evidence=tuple(
            Evidence("spf_term", spf.domain, "TXT", text, (slip.span.start, slip.span.end), _note(slip))
            for slip in mending.slips[:MOST_ROWS]
        ),
        records=replacement(spf, mending.text, old=text),
        safe=all(slip.code not in _GUESSES for slip in mending.slips),
        count=len(mending.slips),
        written=brief(_written(first)),
        meant=_meant(first),
        instead=_instead(first),
        slips=[slip.code.value for slip in mending.slips],
    )


def _note(slip: Slip) -> str:
    written = f" ({_written(slip)})" if slip.code == "characters" else ""
    return f"{slip.code.replace('-', ' ')}{written}: {f'write {_meant(slip)}' if slip.repair else 'delete'}"


def _instead(slip: Slip) -> str:
    """What a title says of the slip."""
    if not slip.repair:
        return "does not belong there"
    return f"was meant as `{_meant(slip)}`" if slip.repair.strip() else f"was meant as {_meant(slip)}"


def _meant(slip: Slip) -> str:
    return brief(slip.repair.strip()) or ("a space" if slip.repair else "nothing")


def _written(slip: Slip) -> str:
    """What stands there; characters that cannot be told apart by eye are called by their names."""
    if slip.code != "characters":
        return slip.text
    try:
        text = slip.text.encode("latin-1").decode()
    except UnicodeError:
        text = slip.text
    return " ".join(dict.fromkeys(f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip() for char in text))


_GUESSES = frozenset({"bare-domain", "second-version", "misspelt-all"})
"""Slips whose repair could be another than the one proposed."""


def _lost_severity(slips: tuple[Slip, ...]) -> Severity:
    """The record works, but for the lost terms: text that belongs elsewhere is no loss."""
    return max(
        (Severity.LOW if slip.code == "foreign-text" else Severity.HIGH for slip in slips),
        key=lambda severity: severity.rank,
    )
