"""The way of a message, from who sends it to who answers, with what was found at each place."""

from __future__ import annotations

from collections.abc import Sequence

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
    picture,
    text,
)
from deliverability.reports.language import _, ngettext

MAX_HOPS = 12
ROW = 58
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
    body = [
        _hop(hop, ROW * index, drawn[index + 1] if index + 1 < len(drawn) else None) for index, hop in enumerate(drawn)
    ]
    return Chart(
        name,
        title,
        desc,
        picture(name, title, desc, (NARROW, ROW * len(drawn) - 4), *body),
        (_("Place"), _("What happens there"), _("What was found")),
        tuple((hop.name, hop.about or "–", _counts(hop)) for hop in hops),
    )


def _hop(hop: Hop, y: float, following: Hop | None) -> Markup:
    middle = y + 16
    drawn = [_node(hop.state, AXIS, middle)]
    if following is not None:
        seen = hop.seen and following.seen
        dashes = {} if seen else {"stroke_dasharray": "3 4", "stroke_opacity": f"{MARK}"}
        drawn.append(line(AXIS, middle + 11, AXIS, middle + ROW - 15, stroke_width=2, **dashes))
        drawn.append(_head(AXIS, middle + ROW - 11, seen=seen))
    quiet = QUIET if not hop.seen else None
    room = NARROW - TEXT
    drawn.append(text(TEXT, y + 14, hop.name, size=LABEL, room=room, font_weight=600, fill_opacity=quiet))
    drawn.append(text(TEXT, y + 30, hop.about, room=room, fill_opacity=QUIET))
    drawn.append(text(TEXT, y + 45, _counts(hop), room=room, fill_opacity=quiet))
    return group(*drawn)


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
