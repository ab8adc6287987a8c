"""What else could have made the difference: the threats T1 to T14 of design/compare.md §1, each looked for.

`excluded`: the data, or how they were compared, rule it out. `detected`: it is there; the note says what was done
about it. `not_excluded`: nobody can tell from these data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deliverability.compare.campaigns import Cell, total
from deliverability.compare.cut import MIN_CAMPAIGNS, campaigns_of
from deliverability.compare.dispersion import welch
from deliverability.compare.evidence import threats_in_time as in_time
from deliverability.compare.evidence.grounds import ALPHA, MAX_MIX, MAX_SIZE, Grounds
from deliverability.compare.evidence.threats_in_time import DETECTED, EXCLUDED, NOT_EXCLUDED, Found
from deliverability.compare.figures import counted, listed, percent, points, signed
from deliverability.compare.measure import shares_of
from deliverability.compare.result import Threat

MACHINE_SHIFT = 0.05
"""By how much the share of machines among opens may move; Apple's moved by 12 points in a month of 2021 (Litmus)."""
GMAIL_SHIFT = 0.02
"""The same at Gmail, where 1 to 6 % of opens are fetched ahead (SparkPost, December 2021)."""
TRACKING_SHIFT = 0.25
"""By how much the clicks for each open may change, relatively, before something is wrong with one of the two. Ours."""
COUNT_SHIFT = 0.02
"""By how much the share of sent mail that was delivered or bounced may move. Ours: one message in 50 has no end."""
MIN_OPENS = 100
"""Opens on a side below which a share of them is not looked at. Ours."""


def threats(grounds: Grounds, refused: str = "") -> tuple[Threat, ...]:
    """T1 to T14, each with what was found; none is ruled out where nothing was compared."""
    found: list[Threat] = []
    for number, (title, detect) in enumerate(_THREATS, start=1):
        status, note = (NOT_EXCLUDED, "Nothing was compared.") if refused else detect(grounds)
        found.append(Threat(id=f"T{number}", title=title, status=status, note=note))
    return tuple(found)


def _campaigns_differ(grounds: Grounds) -> Found:
    one = grounds.metrics[grounds.metric]
    if one.p is None:
        return NOT_EXCLUDED, f"With fewer than {MIN_CAMPAIGNS} campaigns a side nobody can tell how much they differ."
    if one.dispersion is None:
        return EXCLUDED, "Intervals and p rest on how much campaigns differ."
    note = f"Campaigns differ {one.dispersion:.1f} times as much as chance lets them; intervals and p allow for it."
    return EXCLUDED, note


def _shares(cells: Sequence[Cell], over: str, under: str) -> float | None:
    whole = total(cells, under)
    return total(cells, over) / whole if whole >= MIN_OPENS else None


def _machines(grounds: Grounds) -> Found:
    if not grounds.cut.has("opened", "opened_machine"):
        return NOT_EXCLUDED, "The data do not say which opens a machine made, so a rise may be fetched images."
    if grounds.flag:
        return DETECTED, grounds.flag
    was, now = (_shares(cells, "opened_machine", "opened") for cells in (grounds.cut.before, grounds.cut.after))
    if was is None or now is None:
        return NOT_EXCLUDED, f"A side has fewer than {MIN_OPENS} opens."
    note = f"Machines made {percent(was)} of the opens before and {percent(now)} after"
    if abs(now - was) <= MACHINE_SHIFT:
        return EXCLUDED, f"{note}."
    split = grounds.decomposition
    part = f"; {points(split.machine_opens.value)} of {signed(split.total.value)} points are theirs" if split else ""
    return DETECTED, f"{note}{part}."


def _gmail(grounds: Grounds) -> Found:
    sides = [[c for c in cells if c.provider == "gmail"] for cells in (grounds.cut.before, grounds.cut.after)]
    if not grounds.cut.has("provider", "opened", "opened_machine"):
        return NOT_EXCLUDED, "The data do not say which opens at Gmail a machine made."
    if not any(total(cells, "sent") for cells in sides):
        return EXCLUDED, "No mail went to Gmail."
    if grounds.flag:
        return NOT_EXCLUDED, grounds.flag
    was, now = (_shares(cells, "opened_machine", "opened") for cells in sides)
    if was is None or now is None or not (was or now):
        return NOT_EXCLUDED, "No open at Gmail is flagged as fetched ahead; up to 2 points may be."
    note = f"At Gmail machines made {percent(was)} of the opens before and {percent(now)} after."
    return (DETECTED if abs(now - was) > GMAIL_SHIFT else EXCLUDED), note


def _scanners(grounds: Grounds) -> Found:
    if not grounds.cut.has("clicked"):
        return EXCLUDED, "Clicks are not in the data, and no claim rests on them."
    return NOT_EXCLUDED, "Clicks carry no flag, and security scanners click too; no claim rests on clicks."


def _mix(grounds: Grounds) -> Found:
    distance = grounds.mix_distance
    if distance is None:
        return NOT_EXCLUDED, "The data do not name the mailbox provider."
    note = f"The providers' shares of the mail differ by {percent(distance)} in all"
    if distance <= MAX_MIX:
        return EXCLUDED, f"{note}."
    split = grounds.decomposition
    part = f"; {points(split.mix.value)} of {signed(split.total.value)} points come from that" if split else ""
    return DETECTED, f"{note}{part}."


def _volume(grounds: Grounds) -> Found:
    sizes = [total(cells, "sent") / campaigns_of(cells) for cells in (grounds.cut.before, grounds.cut.after)]
    change = sizes[1] / sizes[0] - 1
    note = f"Messages a campaign went from {sizes[0]:,.0f} to {sizes[1]:,.0f} ({100 * change:+.0f} %)"
    if abs(change) <= MAX_SIZE:
        return EXCLUDED, f"{note}."
    return DETECTED, f"{note}: the list may be another one."


def _colder(grounds: Grounds) -> Found:  # noqa: ARG001 - every threat is asked alike
    return EXCLUDED, "Every rate is of what was sent, so readers who are newly reached cannot lower it."


def _tracking(grounds: Grounds) -> Found:
    if not grounds.cut.has("clicked", "opened"):
        return NOT_EXCLUDED, "Without opens and clicks, a change of tracking does not show."
    if grounds.flag:
        return NOT_EXCLUDED, "Which opens people made is not known, so clicks cannot be compared with them."
    metric, by = ("human_opened_sent_low", " by people") if grounds.cut.has("opened_machine") else ("opened_sent", "")
    sides = [_clicks_for_opens(cells, metric) for cells in (grounds.cut.before, grounds.cut.after)]
    if any(len(pairs) < MIN_CAMPAIGNS or sum(n for _, n in pairs) < MIN_OPENS for pairs in sides):
        return NOT_EXCLUDED, "Too few opens or campaigns to compare clicks with opens."
    found = welch(sides[0], sides[1])
    was = sum(x for x, _ in sides[0]) / sum(n for _, n in sides[0])
    note = f"Clicks for each open{by} went from {percent(was)} to {percent(was + found.difference)}"
    if abs(found.difference) <= TRACKING_SHIFT * was:
        return EXCLUDED, f"{note}."
    if found.p < ALPHA:
        return DETECTED, f"{note}: opens or clicks may be counted in another way."
    return NOT_EXCLUDED, f"{note}, by no more than campaigns differ."


def _clicks_for_opens(cells: Sequence[Cell], metric: str) -> list[tuple[int, int]]:
    """(clicked, opened) of each campaign. A click is no more than an open here: images may be off."""
    clicks, opens = shares_of(cells, "clicked_sent"), shares_of(cells, metric)
    return [(min(x, n), n) for (x, _), (n, _) in zip(clicks, opens, strict=True) if n]


def _counting(grounds: Grounds) -> Found:
    odd = _more_opened(grounds)
    if odd:
        return DETECTED, odd
    if not grounds.cut.has("delivered", "bounced"):
        return NOT_EXCLUDED, "Without bounces, it does not show whether 'sent' still counts the same mail."
    was, now = (
        (total(cells, "delivered") + total(cells, "bounced")) / total(cells, "sent")
        for cells in (grounds.cut.before, grounds.cut.after)
    )
    note = f"Delivered and bounced make {percent(was)} of sent before and {percent(now)} after"
    if abs(now - was) <= COUNT_SHIFT:
        return EXCLUDED, f"{note}."
    return DETECTED, f"{note}: 'sent' may count other mail."


def _more_opened(grounds: Grounds) -> str:
    """Campaigns with more opens than mail sent, in a sentence; empty without any."""
    found: dict[tuple[str, object], list[int]] = {}
    for cell in (*grounds.cut.before, *grounds.cut.after):
        sums = found.setdefault((cell.campaign, cell.day), [0, 0])
        sums[0] += max(cell.opened, cell.delivered)
        sums[1] += cell.sent
    names = sorted({name for (name, _), (x, n) in found.items() if x > n})
    return f"{counted(len(names), 'campaign')} reached more than was sent ({listed(names)})." if names else ""


_THREATS: tuple[tuple[str, Callable[[Grounds], Found]], ...] = (
    ("Campaigns differ among themselves", _campaigns_differ),
    ("Apple and others fetch images ahead", _machines),
    ("Gmail fetches images ahead", _gmail),
    ("Security scanners click", _scanners),
    ("Another mix of mailbox providers", _mix),
    ("Another volume, or a list that was cleaned", _volume),
    ("Colder readers were reached", _colder),
    ("A trend or a season", in_time.trend),
    ("A bad time before, and a return to the mean", in_time.return_to_the_mean),
    ("Something else happened at the time", in_time.concurrent),
    ("An effect that came early or late", in_time.lag),
    ("Looking until something is seen", in_time.peeking),
    ("Tracking changed", _tracking),
    ("Another way of counting what was sent", _counting),
)
"""T1 to T14: the title, and what looks for it."""
