"""What E1 and E2 require: campaigns that differ by more than noise, and a split of the change."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose

from deliverability.compare.campaigns import Cell, total
from deliverability.compare.cut import MIN_CAMPAIGNS, campaigns_of
from deliverability.compare.evidence.grounds import ALPHA, Answer, Grounds
from deliverability.compare.figures import counted, percent, probability, signed
from deliverability.compare.measure import tested_by

NO_OPENS = "Opens are not in the data of both sides."


def campaigns(grounds: Grounds) -> Answer:
    """Campaigns are the unit, so there have to be some."""
    before, after = campaigns_of(grounds.cut.before), campaigns_of(grounds.cut.after)
    value = f"{before:,} and {after:,}"
    if min(before, after) >= MIN_CAMPAIGNS:
        return True, value, f"Each side has at least {MIN_CAMPAIGNS} campaigns."
    why = f"A side has fewer than {MIN_CAMPAIGNS} campaigns, too few to tell how much campaigns differ anyway."
    return False, value, why


def complete(grounds: Grounds) -> Answer:
    """Incomplete data are no ground for any claim."""
    rows, bad = sum(table.rows for table in grounds.tables), sum(table.bad for table in grounds.tables)
    value = f"{bad:,} of {max(rows, bad):,} rows unreadable" if rows or bad else ""
    if grounds.incomplete:
        return False, value, grounds.incomplete
    return True, value, "The data hold what the figures rest on."


def beyond(grounds: Grounds) -> Answer:
    """Welch's test of campaigns, adjusted for looking at several rates."""
    tried = [
        (name, one.p_adjusted) for name in grounds.question.metrics if (one := grounds.metrics[name]).p is not None
    ]
    known = [(p, name) for name, p in tried if p is not None]
    if not known:
        return None, "", "No rate could be tested between campaigns."
    p, name = min(known)
    value = f"{name}: {probability(p)}"
    if p < ALPHA:
        return True, value, "The change is larger than campaigns differ among themselves."
    return False, value, "The change is not larger than campaigns differ among themselves."


def shuffled(grounds: Grounds) -> Answer:
    """The same without any assumption of how campaigns are spread."""
    graded = grounds.question.metrics
    larger = [n for n in graded if (p := grounds.metrics[n].p_adjusted) is not None and p < ALPHA]
    found = [(one.p, name) for name in larger or graded if (one := tested_by(grounds.metrics[name], "permutation"))]
    if not found:
        return None, "", "No rate could be tested between campaigns."
    p, name = min(found)
    value = f"{name}: {probability(p)}"
    if p < ALPHA:
        return True, value, "Campaigns dealt to the sides at random rarely differ by as much."
    return False, value, "Campaigns dealt to the sides at random often differ by as much."


def provider(grounds: Grounds) -> Answer:
    """Without providers, a change of the mix cannot be told from a change of delivery."""
    if not grounds.cut.has("provider"):
        return False, "", "The data of both sides do not name the mailbox provider."
    names = {cell.provider for cell in (*grounds.cut.before, *grounds.cut.after) if cell.sent}
    return True, counted(len(names), "provider"), "Both sides name the mailbox provider."


def machine(grounds: Grounds) -> Answer:
    """Without the flag, fetched images cannot be told from people."""
    if not grounds.cut.has("opened"):
        return False, "", NO_OPENS
    if not grounds.cut.has("opened_machine"):
        return False, "", "The data of both sides do not say which opens a machine made."
    if grounds.flag:
        return False, "", grounds.flag
    shares = [_machine_share(cells) for cells in (grounds.cut.before, grounds.cut.after)]
    value = " and ".join("no opens" if share is None else percent(share) for share in shares)
    return True, value, "Both sides say which opens a machine made."


def _machine_share(cells: Sequence[Cell]) -> float | None:
    opened = total(cells, "opened")
    return total(cells, "opened_machine") / opened if opened else None


NO_INTERVAL = "The parts of the change have no interval: there are too few campaigns, or one has most of the mail."


def split(grounds: Grounds) -> Answer:
    """The four parts, each with an interval."""
    found = grounds.decomposition
    if found is None:
        return None, "", grounds.decomposition_why
    terms = (found.mix, found.delivery, found.human_opens, found.machine_opens)
    if any(term.low is None for term in terms):
        return False, "", NO_INTERVAL
    if not isclose(sum(term.value for term in terms), found.total.value, abs_tol=1e-9):
        return False, "", "The parts of the change do not add up to it."
    return True, f"{signed(found.total.value)} points", "The change of opens is split into four parts with intervals."
