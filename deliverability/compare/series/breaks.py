"""Where a series breaks: the same model with its step at one date after the other.

The cross-products of all columns are summed up once; what a date needs is then the difference of two sums, so that a
year of days with two hundred dates takes hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from deliverability.compare.numerics.regression import Column, factored
from deliverability.fastclass import dataclass

_NOISE = 1e-18
"""Of all squares, what rounding leaves of them: far above the square of a float's last digit, far below any share's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A step from the observation `index` on. `rss`: weighted squares left; gain: how much of them the step took."""

    index: int
    jump: float
    rss: float
    gain: float


def best_break(columns: Sequence[Column], values: Column, weights: Column, at: Sequence[int]) -> Break | None:
    """The index of `at` where a step leaves the least squares; the first of equals, None where no step can be told.

    What the columns alone fit to the last digit breaks nowhere.

    Without `columns` but a constant one this is the least-squares break between two means.
    """
    model = Steps(columns, values, weights)
    if model.rss <= _NOISE * sum(weight * value * value for weight, value in zip(weights, values, strict=True)):
        return None
    fits = zip(at, model.fits([(index, index) for index in at]), strict=True)
    told = [(index, *fit) for index, fit in fits if fit is not None]
    if not told:
        return None
    index, jump, rss = min(told, key=lambda one: one[2])
    return Break(index=index, jump=jump, rss=rss, gain=max(0.0, 1 - rss / model.rss))


class Steps:
    """A weighted least-squares model of which only the place of its step changes.

    - rss: the weighted squares that the model leaves without any step.
    """

    def __init__(self, columns: Sequence[Column], values: Column, weights: Column) -> None:
        """Sum up.

        Args:
            columns: everything but the step, constant included, each of the order of 1 in size.
            values: what is fitted.
            weights: of each value, none below 0.
        """
        whole = sum(weights)
        middle = sum(map(mul, values, weights)) / whole if whole else 0.0
        # about their mean, as a sum of squares that is the difference of two large ones would lose its digits
        rows = [*columns, [value - middle for value in values]]
        heavy = [list(map(mul, row, weights)) for row in rows]
        self._sums = [
            [[0.0, *accumulate(map(mul, one, other))] for other in heavy[: i + 1]] for i, one in enumerate(rows)
        ]
        ones = [1.0] * len(values)
        self._weights = [[0.0, *accumulate(map(mul, ones, row))] for row in (*heavy, weights)]
        self.rss = self._squares(self._products(0, 0))

    def fits(self, places: Sequence[tuple[int, int]]) -> list[tuple[float, float] | None]:
        """(step, rss) for each place; None where the step is a sum of the other columns.

        Args:
            places: (out, back): the observations from `out` to before `back` are left out, the step begins at `back`.
        """
        return [self._fit(out, back) for out, back in places]

    def _fit(self, out: int, back: int) -> tuple[float, float] | None:
        products = self._products(out, back)
        tail = [sums[-1] - sums[back] for sums in self._weights]
        value = products.pop()
        step = [*tail[:-2], tail[-1]]
        factor = factored([*products, step, [*value[:-1], tail[-2], value[-1]]])
        if not factor[-2][-1]:
            return None
        line = factor[-1]
        return line[-2] / factor[-2][-1], max(0.0, value[-1] - sum(x * x for x in line[:-1]))

    def _products(self, out: int, back: int) -> list[list[float]]:
        """Cross-products of the columns and, last, of the values, without the observations from out to before back."""
        return [[sums[-1] - sums[back] + sums[out] for sums in line] for line in self._sums]

    @staticmethod
    def _squares(products: Sequence[Sequence[float]]) -> float:
        line = factored(products)[-1]
        return max(0.0, products[-1][-1] - sum(x * x for x in line[:-1]))
