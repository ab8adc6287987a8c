"""Names beside marks, placed so that none lies on another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from deliverability.fastclass import dataclass
from deliverability.reports.charts.svg import SMALL, width

HIGH = SMALL + 2
"""Units that a line of text takes."""
_AWAY = (9, 20, 34, 50, 68)
"""How far from its mark a name may stand; the far ones get a line that leads there."""
_SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether the two share any ground."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether `other` lies within."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the name of a mark stands: `box`, and whether a line has to lead there."""

    index: int
    box: Box
    led: bool


def around(x: float, y: float, r: float) -> Box:
    """The ground of a mark."""
    return Box(x - r, y - r, x + r, y + r)


def placed(
    names: Sequence[str], places: Sequence[tuple[float, float]], ground: Box, taken: Sequence[Box], radius: float
) -> list[Placed]:
    """A place for each name, in order of importance; one for which there is none stays out.

    `taken` is ground that no name may cover; the marks themselves, of `radius`, are added to it.
    """
    full = [*taken, *(around(x, y, radius) for x, y in places)]
    found: list[Placed] = []
    for index, (name, (x, y)) in enumerate(zip(names, places, strict=True)):
        for box, led in _candidates(x, y, width(name), radius):
            way = _way(x, y, box) if led else []
            others = [one for one in full if one != around(x, y, radius)]
            if ground.holds(box) and not any(one.meets(other) for one in (box, *way) for other in others):
                found.append(Placed(index, box, led))
                full += [box, *way]
                break
    return found


def _way(x: float, y: float, box: Box) -> list[Box]:
    """The ground of the line from a mark to its name, as small boxes."""
    end = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
    return [around(x + (end[0] - x) * part / 8, y + (end[1] - y) * part / 8, 1.5) for part in range(3, 8)]


def _candidates(x: float, y: float, wide: float, radius: float) -> Iterator[tuple[Box, bool]]:
    """Right, left, above, below, then the corners; near before far."""
    for away, (right, down) in product(_AWAY, _SIDES):
        left = x + right * (away + radius - 5) - (0 if right > 0 else wide if right < 0 else wide / 2)
        middle = y + down * (away + HIGH / 2)
        yield Box(left, middle - HIGH / 2, left + wide, middle + HIGH / 2), away > _AWAY[0]
