"""The way of a message, from who sends it to who answers, with what was found at each place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from deliverability.fastclass import dataclass
from deliverability.reports.charts import marks
from deliverability.reports.charts.svg import (
    LABEL,
    MARK,
    NARROW,
    QUIET,
    Chart,
    Markup,
    element,
    group,
    id_of,
    line,
    lines,
    picture,
    text,
)
from deliverability.reports.language import _, ngettext

MAX_HOPS = 12
LINE = 15
"""Units from one line of text to the next."""
AXIS = 14
"""Units from the left to the way itself."""
TEXT = 36
"""Units from the left to the words."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One place: its plain name, what happens there, and how many findings of each kind are about it.

    `seen` is false where nothing was given that could show it; then the counts are not drawn.
    """

    name: str
    about: str = ""
    required: int = 0
    advised: int = 0
    unknown: int = 0
    passed: int = 0
    seen: bool = True

    @property
    def state(self) -> str:
        """What the place looks like: `bad`, `weak`, `open`, `good` or `unseen`."""
        if not self.seen:
            return "unseen"
        if self.required:
            return "bad"
        return "weak" if self.advised else "open" if self.unknown else "good"


def path(prefix: str, title: str, hops: Sequence[Hop]) -> Chart | None:
    """The chart, from top to bottom so that it can be read on a phone; None without hops.

    Args:
        prefix: begins the ids; different for every chart of a page.
        title: names the chart, translated.
        hops: the places in the order in which a message passes them.
    """
    if not hops:
        return None
    name, drawn = id_of(prefix), list(hops[:MAX_HOPS])
    desc = " ".join(_("{label}: {value}.").format(label=hop.name, value=_counts(hop)) for hop in drawn)
    tops = list(accumulate((_height(hop) for hop in drawn), initial=0.0))
    body = [_hop(hop, top) for hop, top in zip(drawn, tops, strict=False)]
    ways = [_way(tops[i], tops[i + 1], seen=drawn[i].seen and drawn[i + 1].seen) for i in range(len(drawn) - 1)]
    return Chart(
        name,
        title,
        desc,
        picture(name, title, desc, (NARROW, tops[-1] - 8), *ways, *body),
        (_("Place"), _("What happens there"), _("What was found")),
        tuple((hop.name, hop.about or "–", _counts(hop)) for hop in hops),
    )


def _height(hop: Hop) -> float:
    return 34.0 + LINE * (len(_about(hop)) + len(_found(hop)))


def _about(hop: Hop) -> list[str]:
    return lines(hop.about, NARROW - TEXT) if hop.about else []


def _found(hop: Hop) -> list[str]:
    return lines(_counts(hop), NARROW - TEXT)


def _hop(hop: Hop, y: float) -> Markup:
    quiet = None if hop.seen else QUIET
    base, room = y + 14, NARROW - TEXT
    drawn = [
        _node(hop.state, AXIS, y + 10),
        text(TEXT, base, hop.name, size=LABEL, room=room, font_weight=600, fill_opacity=quiet),
    ]
    for words in _about(hop):
        base += LINE
        drawn.append(text(TEXT, base, words, fill_opacity=QUIET))
    for words in _found(hop):
        base += LINE
        drawn.append(text(TEXT, base, words, fill_opacity=quiet))
    return group(*drawn)


def _way(y: float, following: float, *, seen: bool) -> Markup:
    """From one place to the next; dashes where it was not observed."""
    dashes = {} if seen else {"stroke_dasharray": "3 4", "stroke_opacity": f"{MARK}"}
    return group(line(AXIS, y + 21, AXIS, following - 2, stroke_width=2, **dashes), _head(AXIS, following, seen=seen))


def _head(x: float, y: float, *, seen: bool) -> Markup:
    """The tip of an arrow down."""
    return element(
        "path",
        d=f"M{x - 4} {y - 5}L{x} {y}L{x + 4} {y - 5}",
        stroke="currentColor",
        stroke_width=2 if seen else 1.5,
        stroke_opacity=None if seen else f"{MARK}",
    )


def _node(state: str, x: float, y: float) -> Markup:
    if state in {"bad", "weak"}:
        style = marks.FILLED if state == "bad" else {"stroke_width": "2", **marks.HOLLOW}
        return element("path", d=marks.triangle(x, y, 8), class_="risk", **style)
    if state == "open":
        return element("path", d=marks.diamond(x, y, 8), class_="unsure", stroke_width=2, **marks.HOLLOW)
    if state == "good":
        return element("path", d=marks.circle(x, y, 6.5), class_="fine", **marks.FILLED)
    return element(
        "path",
        d=marks.circle(x, y, 6.5),
        stroke="currentColor",
        stroke_dasharray="3 3",
        stroke_width=1.5,
        stroke_opacity=f"{MARK}",
    )


def _counts(hop: Hop) -> str:
    if not hop.seen:
        return _("not observed")
    parts = [
        ngettext("{n} required fix", "{n} required fixes", hop.required).format(n=hop.required) if hop.required else "",
        ngettext("{n} to improve", "{n} to improve", hop.advised).format(n=hop.advised) if hop.advised else "",
        ngettext("{n} not seen", "{n} not seen", hop.unknown).format(n=hop.unknown) if hop.unknown else "",
        ngettext("{n} in order", "{n} in order", hop.passed).format(n=hop.passed) if hop.passed else "",
    ]
    return " · ".join(part for part in parts if part) or _("nothing found")
