"""The tree of SPF records and what its look-ups add up to: where the limit is spent, and where it is passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.svg import (
    MARK,
    NARROW,
    QUIET,
    Chart,
    Markup,
    element,
    group,
    id_of,
    number,
    picture,
    text,
    width,
)
from deliverability.reports.language import _, ngettext
from deliverability.reports.spf_tree import CostRow, TreeRow, costs, tree

LIMIT = 10
"""Terms that cause DNS look-ups, in one evaluation: RFC 7208 §4.6.4."""
MAX_BRANCHES = 40
"""Records that are drawn; the table has as many as `spf_tree` reads."""
MAX_DEPTH = 8
"""Steps of indentation; what lies deeper stands no further to the right."""
ROW = 36
TOP = 34
"""Units above the first record."""
INDENT = 14


@dataclass(frozen=True, slots=True)
class Branch:
    """One record: how deep, its name, the look-ups that its own terms cause and those with all below it.

    - to: the running total after its own terms, in the order of evaluation. trouble: why it could not be followed.
    - offender: the eleventh look-up stands in it.
    """

    depth: int
    name: str
    own: int
    below: int
    trouble: str
    offender: bool


def branches(facts: Mapping[str, Any]) -> list[Branch]:
    """The records of a document's facts with their look-ups; empty where there is no SPF."""
    rows, spent = tree(facts), costs(facts)
    seen = Counter((row.depth, row.name) for row in rows)
    whose = Counter(row.record for row in spent)
    names = Counter(row.name for row in rows if not row.error)
    own = [
        whose[row.name] // max(names[row.name], 1) if not row.error and seen[row.depth, row.name] else 0 for row in rows
    ]
    past = _passes(spent)
    return [
        Branch(row.depth, row.name, own[index], _below(rows, own, index), row.error, row.name == past and not row.error)
        for index, row in enumerate(rows)
    ]


def _passes(spent: Sequence[CostRow]) -> str:
    """The record in which the limit is passed."""
    return next((row.record for row in spent if row.total == LIMIT + 1), "")


def _below(rows: Sequence[TreeRow], own: Sequence[int], index: int) -> int:
    total = own[index]
    for row, more in zip(rows[index + 1 :], own[index + 1 :], strict=True):
        if row.depth <= rows[index].depth:
            break
        total += more
    return total


def spf(prefix: str, title: str, facts: Mapping[str, Any]) -> Chart | None:
    """The chart of a document's facts, or None where they hold no SPF record.

    Args:
        prefix: begins the ids; different for every chart of a page.
        title: names the chart, translated.
        facts: `Audit.facts`.
    """
    found = branches(facts)
    if not found:
        return None
    name, drawn = id_of(prefix), found[:MAX_BRANCHES]
    total = max(found[0].below, max((row.total for row in costs(facts)), default=0))
    desc = _described(total, found)
    body = [_branch(branch, ROW * index + TOP) for index, branch in enumerate(drawn)]
    links = [_link(drawn, index) for index in range(1, len(drawn))]
    height = ROW * len(drawn) + TOP
    if rest := len(found) - len(drawn):
        body.append(text(0, height + 12, ngettext("{n} more record", "{n} more records", rest).format(n=rest)))
        height += 20
    return Chart(
        name,
        title,
        desc,
        picture(name, title, desc, (NARROW, height), *_budget(total), *links, *body),
        (_("Record at"), _("Level"), _("Look-ups of its own"), _("With all below it"), _("Remark")),
        tuple(_cells(branch) for branch in found),
    )


def _budget(total: int) -> list[Markup]:
    """The ten look-ups that receivers make as squares, those that are spent filled, those beyond crossed out."""
    drawn: list[Markup] = []
    for index in range(min(max(total, LIMIT), 20)):
        x, size = index * 13.0 + (6 if index >= LIMIT else 0), 10
        if index >= LIMIT:
            drawn.append(
                element("path", d=marks.cross(x + 5, 9, 4.5), class_="risk", stroke="currentColor", stroke_width=2)
            )
        elif index < total:
            drawn.append(element("rect", x=x, y=4, width=size, height=size, **marks.FILLED))
        else:
            drawn.append(
                element(
                    "rect", x=x + 0.5, y=4.5, width=size - 1, height=size - 1, stroke_opacity=f"{MARK}", **marks.HOLLOW
                )
            )
    words = _("{spent} of {limit}").format(spent=total, limit=LIMIT)
    drawn.append(text(NARROW, 14, words, anchor="end", font_weight=600))
    return drawn


def _x(branch: Branch) -> float:
    return 8.0 + INDENT * min(max(branch.depth, 0), MAX_DEPTH)


def _link(drawn: Sequence[Branch], index: int) -> Markup:
    """From a record up to the one before it under the same include, or to the one that includes it."""
    here = drawn[index]
    above = next((i for i in range(index - 1, -1, -1) if drawn[i].depth <= here.depth), 0)
    sibling = drawn[above].depth == here.depth
    x, y = _x(here) - INDENT, ROW * index + TOP + 9.0
    start = ROW * above + TOP + (9.0 if sibling else 16.0)
    return element(
        "path",
        d=f"M{number(x)} {number(start)}V{number(y)}H{number(_x(here) - 6)}",
        stroke="currentColor",
        stroke_opacity=f"{MARK}",
    )


def _branch(branch: Branch, y: float) -> Markup:
    x = _x(branch)
    words = f"+{branch.below}" if branch.below else "0"
    room = NARROW - x - 14 - width(words) - 8
    return group(
        _node(branch, x, y + 9),
        text(x + 14, y + 13, branch.name, room=room, font_weight=600 if branch.offender else None),
        text(NARROW, y + 13, words, anchor="end"),
        text(x + 14, y + 27, _remark(branch), room=NARROW - x - 14, fill_opacity=QUIET),
    )


def _node(branch: Branch, x: float, y: float) -> Markup:
    if branch.offender:
        return element("path", d=marks.triangle(x, y, 7), class_="risk", **marks.FILLED)
    if branch.trouble:
        return element("path", d=marks.diamond(x, y, 6), class_="unsure", stroke_width=2, **marks.HOLLOW)
    return element("path", d=marks.circle(x, y, 4.5), **marks.FILLED)


def _remark(branch: Branch) -> str:
    own = ngettext("{n} look-up of its own", "{n} look-ups of its own", branch.own).format(n=branch.own)
    if branch.offender:
        return _("{count}; limit passed here").format(count=own)
    return branch.trouble or own


def _described(total: int, found: Sequence[Branch]) -> str:
    words = ngettext("{n} record", "{n} records", len(found)).format(n=len(found))
    said = _("{records}, {spent} look-ups; receivers make {limit}.").format(records=words, spent=total, limit=LIMIT)
    past = next((branch.name for branch in found if branch.offender), "")
    told = _("The limit is passed in the record at {name}.").format(name=past)
    return f"{said} {told}" if past else said


def _cells(branch: Branch) -> tuple[str, ...]:
    remark = _("the limit is passed here") if branch.offender else branch.trouble
    return branch.name, f"{branch.depth}", f"{branch.own}", f"{branch.below}", remark or "–"
