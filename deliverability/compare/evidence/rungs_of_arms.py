"""What E5 requires: two arms, split by chance, at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from deliverability.compare.beside.arms import Mismatch, earlier, in_mix, in_size, known_columns, overlap
from deliverability.compare.campaigns import Cell, total
from deliverability.compare.cut import MIN_CAMPAIGNS, campaigns_of
from deliverability.compare.evidence.grounds import ALPHA, MAX_MIX, MAX_SIZE, MISMATCH, PARALLEL, Answer, Grounds
from deliverability.compare.figures import percent, probability

NO_ARMS = "There is no randomised split (--arms)."


def arms(grounds: Grounds) -> Answer:
    """Two halves of the mail, one with the fix, by chance."""
    if grounds.question.mode != "arms":
        return None, "", NO_ARMS
    before, after = campaigns_of(grounds.cut.before), campaigns_of(grounds.cut.after)
    first, second = grounds.cut.names
    value = f"{first}: {before:,}, {second}: {after:,}"
    if min(before, after) >= MIN_CAMPAIGNS:
        return True, value, f"Each arm has at least {MIN_CAMPAIGNS} campaigns."
    return False, value, f"An arm has fewer than {MIN_CAMPAIGNS} campaigns."


def balance(grounds: Grounds) -> Answer:
    """Chance makes arms alike."""
    if grounds.question.mode != "arms":
        return None, "", NO_ARMS
    if grounds.mix_distance is None:
        return None, "", "The data do not name the mailbox provider, so the arms' mixes are not known."
    sides = grounds.cut.before, grounds.cut.after
    sent = sorted(total(cells, "sent") for cells in sides)
    larger = sent[1] / sent[0] - 1 if sent[0] else 1.0
    value = f"mixes differ by {percent(grounds.mix_distance)}, sizes by {percent(larger)}"
    if grounds.mix_distance > MAX_MIX:
        return False, value, "The arms have different mixes of providers, so the split was not by chance."
    if larger > MAX_SIZE or _is_mismatch(in_size(*sides)):
        return False, value, "The arms differ in size, so the split was not in halves by chance."
    columns = known_columns(grounds.cut.columns, grounds.question.arms)
    if (mix := in_mix(*sides, columns)) is not None and _is_mismatch(mix):
        why = f"The arms differ in {mix.column} by more than chance makes them, so the split was not by chance."
        return False, _of(mix), why
    return _before(grounds, columns) or (
        True,
        value,
        "The arms are as alike as chance makes them; that it was chance, the data cannot show.",
    )


def _before(grounds: Grounds, columns: Sequence[str]) -> Answer | None:
    """What was wrong with the arms before the change; None where nothing was, or nothing is known of that time."""
    sides = grounds.cut.early
    if (mix := in_mix(*sides, columns)) is not None and _is_mismatch(mix):
        why = f"The arms already differed in {mix.column} before the change, so the split was not by chance."
        return False, _of(mix), why
    p = earlier(*sides, grounds.metric)
    if p is not None and p < ALPHA:
        why = "One arm already did better before the change, so the fix is not all that differs."
        return False, probability(p), why
    return None


def _is_mismatch(found: Mismatch | None) -> bool:
    return found is not None and found.p < MISMATCH


def _of(mix: Mismatch) -> str:
    return f"{mix.value or '(none)'}: {percent(mix.first)}; {percent(mix.second)}; {probability(mix.p)}"


def in_parallel(grounds: Grounds) -> Answer:
    """Arms that follow each other are a before and after, and so are arms of which one grows at the other's expense."""
    if grounds.question.mode != "arms":
        return None, "", NO_ARMS
    sides = [_by_day(cells) for cells in (grounds.cut.before, grounds.cut.after)]
    if not all(sides):
        return None, "", "The campaigns have no dates."
    share = overlap(*sides)
    value = f"{percent(share)} on the same days"
    if share >= PARALLEL:
        return True, value, "Both arms were sent on the same days."
    return False, value, "The arms were not sent on the same days, or not in the same proportion all the time."


def _by_day(cells: Sequence[Cell]) -> dict[object, int]:
    found: dict[object, int] = {}
    for cell in cells:
        if isinstance(cell.day, date) and cell.sent:
            found[cell.day] = found.get(cell.day, 0) + cell.sent
    return found
