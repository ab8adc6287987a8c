"""The charts of a page, each where there is something to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.reports.charts import compared
from deliverability.reports.charts import path as way
from deliverability.reports.charts.quadrant import Spot, quadrant
from deliverability.reports.charts.spf import spf
from deliverability.reports.charts.svg import Chart
from deliverability.reports.html.affected import QUADRANTS, Plane
from deliverability.reports.html.comparison_view import Box
from deliverability.reports.html.path import Hop
from deliverability.reports.language import _


@dataclass(frozen=True, slots=True)
class Charts:
    """The rates before and after, what a change is made of, campaigns over time; the plane; the way; the SPF tree.

    `printed`: the campaigns once more. On paper they stand among the evidence, where there is room.
    """

    changed: Chart | None = None
    split: Chart | None = None
    run: Chart | None = None
    printed: Chart | None = None
    plane: Chart | None = None
    path: Chart | None = None
    spf: Chart | None = None


def charts(facts: Mapping[str, Any], box: Box | None, placed: Plane | None, hops: Sequence[Hop]) -> Charts:
    """All of them; ids begin with `chart-`."""
    made = box.made if box and not box.refused else None
    return Charts(
        changed=compared.metrics(made, "chart-rates") if made else None,
        split=compared.decomposition(made, "chart-parts") if made else None,
        run=compared.timeline(made, "chart-time") if made else None,
        printed=compared.timeline(made, "chart-time-printed") if made else None,
        plane=_plane(placed) if placed else None,
        path=_path(hops),
        spf=spf("chart-spf", _("SPF look-ups, record by record"), facts),
    )


def _plane(placed: Plane) -> Chart | None:
    spots = [
        Spot(one.name, one.delivered, one.read_low, one.sent, read_high=one.read_high, at_risk=one.at_risk)
        for one in placed.places
    ]
    one, two, three, four = (_(name) for name in QUADRANTS)
    title = _("Delivery and engagement, by mailbox provider")
    return quadrant("chart-plane", title, spots, split=(placed.delivered, placed.read), names=(one, two, three, four))


def _path(hops: Sequence[Hop]) -> Chart | None:
    drawn = [
        way.Hop(
            name=hop.name,
            about=hop.about,
            required=hop.required,
            advised=hop.advised,
            unknown=len(hop.unseen),
            passed=hop.passed,
            seen=hop.observed,
        )
        for hop in hops
    ]
    return way.path("chart-path", _("From the sending service to what comes back"), drawn)
