"""The sentences that a grade permits (design/compare.md §2), with the figures that complete them.

A sentence is made of whole parts. `sentence_id` names them, joined by `+`; `sentence_data` has their figures (shares as
fractions), so that a report can say each part in another language. What is no figure stands in the question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliverability.compare.evidence.grounds import Grounds
from deliverability.compare.figures import points, signed
from deliverability.compare.result import Metric

Said = tuple[str, str, dict[str, float]]
"""The sentence, its id and its data."""

RATES: Mapping[str, str] = {
    "delivered_sent": "delivered of sent",
    "opened_sent": "opened of sent",
    "human_opened_sent_low": "opened by people of sent, at least",
    "human_opened_sent_high": "opened by people of sent, at most",
    "clicked_sent": "clicked of sent",
}
"""What a metric is called in a sentence."""

PARTS: Mapping[str, str] = {
    "refused": "Nothing is compared: {why}",
    "E0": "The numbers differ. This says nothing about why.",
    "E0.same": "The numbers do not differ.",
    "E0.none": "There are no numbers to compare.",
    "E1.better": "Campaigns after the date did better than campaigns before it: {rate} {difference} points"
    " (95 % {low} to {high}).",
    "E1.worse": "Campaigns after the date did worse than campaigns before it: {rate} {difference} points"
    " (95 % {low} to {high}).",
    "E1.better_set": "Campaigns of the second set did better than campaigns of the first: {rate} {difference} points"
    " (95 % {low} to {high}).",
    "E1.worse_set": "Campaigns of the second set did worse than campaigns of the first: {rate} {difference} points"
    " (95 % {low} to {high}).",
    "E1.better_arm": "Campaigns of the arm {second} did better than those of {first}: {rate} {difference} points"
    " (95 % {low} to {high}).",
    "E1.worse_arm": "Campaigns of the arm {second} did worse than those of {first}: {rate} {difference} points"
    " (95 % {low} to {high}).",
    "E1.but": "But the other way went: {other_rate} {other_difference} points (95 % {other_low} to {other_high}).",
    "E2": "Of {total} points, {delivery} come from delivery, {human_opens} from human opens,"
    " {machine_opens} from machine opens, {mix} from the mix of providers.",
    "E2.noise": "The change of opens, {total} points, is no larger than campaigns differ anyway.",
    "E3": "The jump coincides with the fix ({rate} {jump} points on {date}), and no placebo date of {placebos} shows"
    " one as large.",
    "E4": "The control ({control}) did not move.",
    "E4m": "Authentication failures fell at the same providers.",
    "E5": "Caused by the fix: {rate} {difference} points (95 % {low} to {high}) in the randomised arm {second}"
    " against {first}.",
}
"""Part → its sentence. `95 %` is written with the confidence that was asked for."""
_UNSIGNED = ("delivery", "human_opens", "machine_opens", "mix", "placebos")
"""Figures that stand in a sentence without a plus."""


def sentence(grounds: Grounds, grade: str, beyond: Sequence[str], refused: str) -> Said:
    """What may be said.

    - beyond: the metrics that changed by more than campaigns differ (`grade.beyond_noise`).
    - refused: why nothing may be said, or empty.
    """
    if refused:
        return PARTS["refused"].format(why=refused), "refused", {}
    ids = _parts(grounds, grade, beyond)
    data = _data(grounds, beyond)
    text = " ".join(_said(one, grounds, beyond, data) for one in ids)
    return text, "+".join(ids), data


def _parts(grounds: Grounds, grade: str, beyond: Sequence[str]) -> list[str]:
    if grade == "E0":
        return [_of_totals(grounds)]
    split = _splits(grounds, beyond)
    ids: list[str] = []
    if grade == "E5":
        ids = ["E5"]
    elif grade == "E1" or not split or "opened_sent" not in beyond:
        ids = [_direction(grounds, beyond)]
    if ids and _opposed(grounds, beyond):
        ids.append("E1.but")
    if grade in {"E2", "E3", "E4"}:
        ids.append("E2" if split else "E2.noise")
    elif grade == "E5" and split:
        ids.append("E2")
    ids += ["E3"] if grade in {"E3", "E4"} and _jumped(grounds, grade) else []
    ids += ["E4"] if grade == "E4" else []
    return ids + (["E4m"] if grade >= "E2" and grounds.dose is not None and grounds.dose.agrees else [])


def _splits(grounds: Grounds, beyond: Sequence[str]) -> bool:
    """Whether opens changed by more than campaigns differ, so that the parts of it are worth a word.

    Where the grade does not rest on opens (a plan has another rate), the interval of the whole says it.
    """
    parts = grounds.decomposition
    if parts is None or parts.total.low is None or parts.total.high is None:
        return False
    if "opened_sent" in grounds.question.metrics:
        return "opened_sent" in beyond
    return parts.total.low > 0 or parts.total.high < 0


def _of_totals(grounds: Grounds) -> str:
    differences = [grounds.metrics[name].difference for name in grounds.question.metrics]
    known = [one for one in differences if one is not None]
    if not known:
        return "E0.none"
    return "E0" if any(known) else "E0.same"


def _direction(grounds: Grounds, beyond: Sequence[str]) -> str:
    way = "better" if (grounds.metrics[beyond[0]].difference or 0.0) > 0 else "worse"
    if grounds.question.mode == "arms":
        return f"E1.{way}_arm"
    dated = grounds.question.changes and not grounds.cut.misplaced  # else a set is not what lies on one side of it
    return f"E1.{way}" if dated else f"E1.{way}_set"


def _opposed(grounds: Grounds, beyond: Sequence[str]) -> str:
    """The first rate that went the other way than the one that is spoken of; empty without one."""
    first = grounds.metrics[beyond[0]].difference or 0.0
    return next((name for name in beyond[1:] if (grounds.metrics[name].difference or 0.0) * first < 0), "")


def _jumped(grounds: Grounds, grade: str) -> bool:
    """Whether the series says it too: always at E3, at E4 where its own checks held."""
    series = grounds.timeline
    return grade == "E3" or (series is not None and grounds.series_holds)


def _data(grounds: Grounds, beyond: Sequence[str]) -> dict[str, float]:
    """Every figure that a part may want."""
    data: dict[str, float] = {}
    if beyond:
        data |= _of_metric(grounds.metrics[beyond[0]])
        if other := _opposed(grounds, beyond):
            data |= {f"other_{name}": value for name, value in _of_metric(grounds.metrics[other]).items()}
    if grounds.decomposition is not None:
        split = grounds.decomposition
        names = ("total", "delivery", "human_opens", "machine_opens", "mix")
        data |= {name: getattr(split, name).value for name in names}
    if grounds.timeline is not None and (step := grounds.timeline.step) is not None:
        data |= {"jump": step.value, "placebos": float(grounds.timeline.placebo_dates)}
    return data


def _of_metric(one: Metric) -> dict[str, float]:
    known = {"difference": one.difference, "low": one.low, "high": one.high}
    return {name: value for name, value in known.items() if value is not None}


def _said(part: str, grounds: Grounds, beyond: Sequence[str], data: Mapping[str, float]) -> str:
    series = grounds.timeline
    step = series.step if series is not None else None
    other = _opposed(grounds, beyond) if beyond else ""
    about_series = part == "E3" and series is not None
    rate = series.metric if about_series and series else beyond[0] if beyond else ""
    words = {
        **{name: points(data[name]) for name in _UNSIGNED if name in data},
        **{name: signed(value) for name, value in data.items() if name not in _UNSIGNED},
        "rate": RATES.get(rate, rate),
        "other_rate": RATES.get(other, other),
        "first": grounds.cut.names[0],
        "second": grounds.cut.names[1],
        "date": step.date if step else "",
        "placebos": f"{data.get('placebos', 0):.0f}",
        "control": grounds.cut.control,
    }
    level = f"{100 * grounds.question.confidence:g} %"
    return PARTS[part].replace("95 %", level).format(**words)
